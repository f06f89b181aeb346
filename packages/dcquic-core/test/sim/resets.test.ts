import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import type { Incoming, TransportPool } from "@proj/dcquic-core";
import type { Faults } from "@proj/dcquic-core/sim";
import { isWireError, SeededRandom } from "@proj/wire-types";
import { expectClean } from "../support/settled.js";
import { simPools } from "../support/sim-pools.js";

const SEEDS = 25;
const STATUS = 4711;
const BYTES = 100_000;
const LATEST_RESET_US = 2000;
const NEW_PATH_US = 200;
const WHILE: readonly { readonly faults: Faults; readonly path: "stays" | "changes" }[] = [
  { faults: {}, path: "stays" },
  { faults: { loss: 0.2 }, path: "stays" },
  {
    faults: { loss: 0.1, reorder: { probability: 0.4, delayUs: 2000 }, duplicate: 0.1 },
    path: "stays",
  },
  { faults: { loss: 0.2, reorder: { probability: 0.4, delayUs: 2000 } }, path: "changes" },
];

/** How a promise ended: "done", or what its error says. */
function endOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (error: unknown) =>
      isWireError(error) ? `${error.code} ${String(error.details["status"])}` : String(error),
  );
}

interface Side {
  /** Resets what it sends. */
  reset: () => void;
  /** How the other side saw it end. */
  readonly seen: Promise<string>[];
}

interface Sender {
  readonly call: (pool: TransportPool, side: Side) => unknown;
  readonly serve: (incoming: Incoming, side: Side) => unknown;
}

/** What each pattern sends that may be reset, by whom it is read, and how that ends there. */
const SENDERS: Readonly<Record<string, Sender>> = {
  "an opener of a bidirectional stream": {
    call: async (pool, side) => {
      const call = pool.bidirectional("1");
      side.reset = () => call.close(STATUS);
      call.closed.catch(() => {});
      for (let i = 0; i < 3; i++) await call.write(new Uint8Array(BYTES));
    },
    serve: async (incoming, side) => {
      side.seen.push(endOf(incoming.closed));
      for await (const message of incoming) message.release();
    },
  },
  "an opener of a bulk transfer": {
    call: async (pool, side) => {
      const buffer = (await pool.allocateBuffer(3 * BYTES)).write(new Uint8Array(3 * BYTES)).fill();
      const call = pool.rawBulkTransfer("1", buffer);
      buffer.drop();
      side.reset = () => call.cancel(STATUS);
      await call.done;
    },
    serve: (incoming, side) => {
      const placed = incoming.place({ write: () => Promise.resolve() });
      side.seen.push(endOf(placed));
    },
  },
  "an opener of a unary call": {
    call: (pool, side) => {
      const call = pool.unaryRpc("1", new Uint8Array(3 * BYTES));
      side.reset = () => call.cancel(STATUS);
      return call.response;
    },
    serve: (incoming, side) => {
      side.seen.push(endOf(incoming.closed));
      return incoming.request();
    },
  },
  "an answerer of a stream": {
    call: async (pool, side) => {
      const call = pool.streamingResponse("1", new Uint8Array(1));
      const read = async (): Promise<void> => {
        for await (const message of call) message.release();
      };
      side.seen.push(endOf(read()));
    },
    serve: async (incoming, side) => {
      side.reset = () => incoming.close(STATUS);
      for (let i = 0; i < 3; i++) await incoming.write(new Uint8Array(BYTES));
      incoming.end();
    },
  },
};

async function resetOnce(
  sender: Sender,
  seed: number,
  { faults, path }: (typeof WHILE)[number],
): Promise<readonly string[]> {
  const pools = simPools({ seed, faults });
  const side: Side = { reset: () => {}, seen: [] };
  pools.pool(1).serve({
    accept: (incoming) => {
      Promise.resolve(sender.serve(incoming, side)).catch(() => {});
    },
  });
  Promise.resolve(sender.call(pools.pool(0), side)).catch(() => {});
  const atUs = new SeededRandom(seed).fill(new Uint8Array(2));
  const resetUs = (((atUs[0] ?? 0) << 8) | (atUs[1] ?? 0)) % LATEST_RESET_US;
  pools.world.schedule(resetUs, () => side.reset());
  if (path === "changes") {
    pools.world.schedule(NEW_PATH_US, () => pools.rehandshake(0, 1, NEW_PATH_US));
  }
  await pools.run(60e6, setImmediate);
  expectClean(pools);
  // Of no stream is anything kept, however it ended.
  expect([0, 1].map((host) => pools.pool(host).stats.streams)).toEqual([0, 0]);
  return Promise.all(side.seen);
}

describe("§15: who reads hears the status with which the sender reset, whatever was lost or overtaken", () => {
  for (const [who, sender] of Object.entries(SENDERS)) {
    test(who, async () => {
      const ends = new Map<string, number>();
      for (let seed = 1; seed <= SEEDS; seed++) {
        for (const during of WHILE) {
          for (const end of await resetOnce(sender, seed, during)) {
            ends.set(end, (ends.get(end) ?? 0) + 1);
          }
        }
      }
      // Some were through before.
      ends.delete("done");
      expect([...ends.keys()]).toEqual([`dcquic.app ${STATUS}`]);
      expect(ends.get(`dcquic.app ${STATUS}`)).toBeGreaterThan(SEEDS);
    });
  }
});
