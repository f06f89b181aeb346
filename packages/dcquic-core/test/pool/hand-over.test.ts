import { afterEach, describe, expect, test } from "@jest/globals";
import type { DcquicEvent, TransportPool } from "@proj/dcquic-core";
import {
  type BindDriver,
  bindNative,
  bindThread,
  type PoolDriver,
  UdpDriver,
} from "@proj/dcquic-core/node";
import { backend } from "@proj/native-io";
import { localPool } from "../support/udp-pools.js";
import { workerOf } from "../support/worker-of.js";

const pools: TransportPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

const patient = {
  preset: "twoCoreTest",
  probeIdleUs: 5_000_000,
  peerTimeoutUs: 30_000_000,
} as const;

const drivers: readonly (readonly [string, BindDriver])[] = [
  ["dgram", (options) => UdpDriver.bind(options)],
  ...(backend.kind === "native"
    ? ([
        ["native", bindNative],
        ["thread", bindThread],
      ] as const)
    : []),
];

async function made(more: Parameters<typeof localPool>[0]): Promise<TransportPool> {
  const pool = await localPool({ closeGraceMs: 200, settings: patient, ...more });
  pools.push(pool);
  return pool;
}

/** A pool of two workers over `bind`, and one that sends whatever is meant for one of them to the other. */
async function crossed(bind: BindDriver) {
  const workers: PoolDriver[] = [];
  const answerer = await made({
    settings: { ...patient, workers: 2 },
    bind: async (options) => {
      const driver = await bind(options);
      workers[workerOf(options)] = driver;
      return driver;
    },
  });
  const ports = workers.map(({ address }) => address.port);
  const other = (port: number): number => (port === ports[0] ? ports[1] : ports[0]) ?? port;
  const caller = await made({
    bind: async (options) => {
      const driver = await UdpDriver.bind(options);
      const addressOf = driver.addressOf.bind(driver);
      driver.addressOf = (host, port) => addressOf(host, other(port));
      return driver;
    },
  });
  const events: DcquicEvent[] = [];
  answerer.subscribe({ level: "debug", onEvent: (event) => events.push(event) });
  return { answerer, caller, events };
}

async function handedOver(pool: TransportPool): Promise<readonly number[]> {
  return (await pool.measure()).map(({ measured }) => measured.counters.handedOver);
}

describe.each(drivers)(
  "§18, D-33 over %s: datagrams that arrive at another worker",
  (_name, bind) => {
    test("are handed over to the home of their path, whichever that is, and counted", async () => {
      const { answerer, caller, events } = await crossed(bind);
      answerer.serve({
        accept: async (incoming) => {
          const { bytes } = await incoming.request();
          await incoming.reply(bytes);
        },
      });
      for (const bytes of [0, 100, 5000, 300_000]) {
        const sent = Uint8Array.from({ length: bytes }, (_, i) => (i * 7) & 255);
        const { response } = caller.unaryRpc(answerer.name, sent);
        expect(Buffer.compare((await response).bytes, sent)).toBe(0);
      }
      // The home sends by itself: nothing goes back through the worker that was mistaken for it.
      const counts = await handedOver(answerer);
      expect(counts.filter((count) => count > 0)).toHaveLength(1);
      expect(counts.filter((count) => count === 0)).toHaveLength(1);
      const kinds = events.map(({ kind }) => kind);
      expect(kinds).not.toContain("security.unknownCredential");
      expect(kinds).not.toContain("path.failed");
    });
  },
);
