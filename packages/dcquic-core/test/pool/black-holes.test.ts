import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { type Acceptor, DcquicError, type TransportPool } from "@proj/dcquic-core";
import { type BindDriver, UdpDriver } from "@proj/dcquic-core/node";
import { until } from "@proj/wire-types/testing";
import { Socket } from "node:dgram";
import { localPool } from "../support/udp-pools.js";
import { workerOf } from "../support/worker-of.js";

const pools: TransportPool[] = [];
/** Half of what a test may take. */
const PATIENCE_MS = 60_000;
/** Ports to which, and from which, nothing passes. */
const into = new Set<number>();
const outOf = new Set<number>();

afterEach(async () => {
  jest.restoreAllMocks();
  into.clear();
  outOf.clear();
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function digHoles(): void {
  // It is called on the socket that it was taken from.
  const send = Socket.prototype.send as (bytes: Uint8Array, port: number, host: string) => void;
  const spy = jest.spyOn(Socket.prototype, "send") as unknown as {
    mockImplementation(replaced: (this: Socket, ...sent: Parameters<typeof send>) => void): void;
  };
  spy.mockImplementation(function (this: Socket, bytes, port, host) {
    if (into.has(port) || outOf.has(this.address().port)) return;
    send.call(this, bytes, port, host);
  });
}

/** A pool, and the ports of its workers. */
async function made(workers: number): Promise<{ pool: TransportPool; ports: readonly number[] }> {
  const ports: number[] = [];
  const bind: BindDriver = async (options) => {
    const driver = await UdpDriver.bind(options);
    ports[workerOf(options)] = driver.address.port;
    return driver;
  };
  const settings = { preset: "twoCoreTest", workers } as const;
  const pool = await localPool({ settings, bind, closeGraceMs: 100 });
  pools.push(pool);
  return { pool, ports };
}

const echo: Acceptor = {
  accept: async (incoming) => {
    await incoming.reply((await incoming.request()).bytes);
  },
};

/** Calls once; the number of the worker of `pool` that is home to the path. */
async function homeOf(
  caller: TransportPool,
  answerer: TransportPool,
  pool: TransportPool,
): Promise<number> {
  const at = new Set<number>();
  const stop = pool.subscribe({
    level: "debug",
    onEvent: ({ kind, worker }) => {
      if (kind === "transfer.delivered") at.add(worker);
    },
  });
  await caller.unaryRpc(answerer.name, Uint8Array.of(1)).response;
  await until(() => at.size > 0, "the worker that delivered it");
  stop();
  const [worker = 0] = at;
  return worker;
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof DcquicError ? error.code : undefined;

/**
 * Calls until it is answered, as whoever repeats what may be repeated does, for as long as that may take; what the calls before
 * met.
 */
async function callUntilAnswered(caller: TransportPool, peer: string): Promise<readonly unknown[]> {
  const met: unknown[] = [];
  const untilMs = performance.now() + PATIENCE_MS;
  for (let leftMs = PATIENCE_MS; leftMs > 0; leftMs = untilMs - performance.now()) {
    const sent = new Uint8Array(100_000).fill(7);
    const { response } = caller.unaryRpc(peer, sent, { deadlineMs: leftMs });
    const answer = await response.catch((error: unknown) => void met.push(codeOf(error)));
    if (answer !== undefined) {
      expect(answer.bytes.every((byte) => byte === 7)).toBe(true);
      return met;
    }
    // The test is over, and so are its pools.
    if (met.at(-1) === "dcquic.going_away") break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no call was answered; they met ${met.join()}: ${JSON.stringify(caller.stats)}`);
}

describe.each([
  ["the peer's", 1, 2],
  ["the own", 2, 1],
])("§14, §18: a black hole around %s home worker", (whose, callers, answerers) => {
  test("ends the path, and the next one goes to another worker, with what may be repeated", async () => {
    digHoles();
    const [caller, answerer] = [await made(callers), await made(answerers)];
    answerer.pool.serve(echo);
    const { pool, ports } = whose === "the own" ? caller : answerer;
    const port = ports[await homeOf(caller.pool, answerer.pool, pool)] ?? 0;
    into.add(port);
    outOf.add(port);
    const repeated = caller.pool.unaryRpc(answerer.pool.name, new Uint8Array(100_000), {
      idempotent: true,
    }).response;
    const met = await callUntilAnswered(caller.pool, answerer.pool.name);
    expect((await repeated).bytes).toHaveLength(100_000);
    expect(met).toContain("dcquic.peer_failed");
    expect(new Set(met).size).toBeLessThanOrEqual(2);
    expect(pool.stats.routes?.router.reassigned).toBe(1);
    expect(await callUntilAnswered(caller.pool, answerer.pool.name)).toEqual([]);
  });
});

test("§18, D-33: what vanishes before the peer's home worker is handed over by another one of its workers", async () => {
  digHoles();
  const [caller, answerer] = [await made(1), await made(2)];
  answerer.pool.serve(echo);
  into.add(answerer.ports[await homeOf(caller.pool, answerer.pool, answerer.pool)] ?? 0);
  await callUntilAnswered(caller.pool, answerer.pool.name);
  expect(answerer.pool.stats.routes?.router.reassigned).toBeLessThanOrEqual(1);
  expect(await callUntilAnswered(caller.pool, answerer.pool.name)).toEqual([]);
});
