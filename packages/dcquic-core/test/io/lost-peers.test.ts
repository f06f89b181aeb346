import { afterEach, describe, expect, test } from "@jest/globals";
import { type Acceptor, DcquicError, type TransportPool } from "@proj/dcquic-core";
import { type BindDriver, bindNative, bindSpinning, UdpDriver } from "@proj/dcquic-core/node";
import { backend } from "@proj/native-io";
import { until } from "@proj/wire-types/testing";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { heard } from "../support/netns.js";
import type { NetnsOrder } from "../support/netns-node.js";
import { localPool } from "../support/udp-pools.js";

const TIMEOUT_MS = 120_000;
const native = [
  ["native sockets", "native", bindNative],
  ["spinning native sockets", "native", bindSpinning],
] as const;
const drivers: readonly (readonly [string, NetnsOrder["driver"], BindDriver])[] = [
  ["node:dgram", "dgram", (options) => UdpDriver.bind(options)],
  ...(backend.kind === "native" ? native : []),
];

const pools: TransportPool[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

const echo: Acceptor = {
  accept: async (incoming) => {
    await incoming.reply((await incoming.request()).bytes);
  },
};

async function codeOf(done: Promise<unknown>): Promise<string> {
  try {
    await done;
    return "fulfilled";
  } catch (error) {
    return error instanceof DcquicError ? error.code : String(error);
  }
}

describe.each(drivers)("§14 over %s: peers that are gone", (_title, driver, bind) => {
  const open = async (): Promise<TransportPool> => {
    const pool = await localPool({ closeGraceMs: 100, bind });
    pools.push(pool);
    return pool;
  };

  test(
    "one caller after the other leaves its port closed, and the next is answered all the same",
    async () => {
      const server = await open();
      server.serve(echo);
      for (let i = 0; i < 4; i++) {
        const caller = await localPool({ closeGraceMs: 100, bind });
        for (let call = 0; call < 3; call++) {
          const { response } = caller.unaryRpc(server.name, Uint8Array.of(i, call));
          expect([...(await response).bytes]).toEqual([i, call]);
        }
        await caller.close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "calls to a port that was closed fail, and those to another peer go on",
    async () => {
      const [caller, gone, other] = [await open(), await open(), await open()];
      other.serve(echo);
      gone.serve({ accept: () => new Promise(() => {}) });
      await caller.connect(gone.name);
      const lost = codeOf(caller.unaryRpc(gone.name, new Uint8Array(10)).response);
      await gone.close();
      const calls = Array.from({ length: 50 }, (_, i) =>
        codeOf(caller.unaryRpc(other.name, Uint8Array.of(i)).response),
      );
      expect(new Set(await Promise.all(calls))).toEqual(new Set(["fulfilled"]));
      expect(["dcquic.going_away", "dcquic.peer_failed", "dcquic.cancelled"]).toContain(await lost);
      const later = caller.unaryRpc(gone.name, new Uint8Array(10), { deadlineMs: 20_000 });
      expect(await codeOf(later.response)).toMatch(
        /^dcquic\.(peer_failed|peer_probing|peer_timeout|handshake_failed)$/,
      );
    },
    TIMEOUT_MS,
  );

  test(
    "a process that is killed in mid-transfer fails the transfer, and a new one at its place gets the next",
    async () => {
      const caller = await open();
      const first = await start(driver, 0);
      const bulk = caller.rawBulkTransfer(first.name, new Uint8Array(64 * 1024 * 1024));
      const outcome = codeOf(bulk.done);
      await until(() => bulk.progress.ackedBytes > 0, "the first bytes to be acknowledged");
      first.child.kill("SIGKILL");
      expect(await outcome).toMatch(/^dcquic\.(peer_failed|peer_timeout|peer_state_lost)$/);
      const second = await start(driver, 0);
      const { done } = caller.rawBulkTransfer(
        second.name,
        Uint8Array.from({ length: 1000 }, (_, i) => i % 251),
      );
      expect(await done).toEqual({ bytes: 1000 });
    },
    TIMEOUT_MS,
  );
});

async function start(
  driver: NetnsOrder["driver"],
  port: number,
): Promise<{ readonly child: ChildProcess; readonly name: string }> {
  const order: NetnsOrder = { role: "serve", driver, hosts: ["127.0.0.1"], port, bytes: 0 };
  const program = fileURLToPath(new URL("../support/netns-node.js", import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(order)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  await once(child, "spawn");
  const { name } = await heard(createInterface({ input: child.stdout })[Symbol.asyncIterator]());
  return { child, name: String(name).replace("0.0.0.0", "127.0.0.1") };
}
