import { once } from "node:events";
import { type MessagePort, Worker } from "node:worker_threads";
import { attachPool } from "@proj/dcquic-core/node";
import type { PoolPair } from "../conformance/pool-cases.js";

const OWNER = `
const { parentPort, workerData } = require("node:worker_threads");
(async () => {
  const { createTransportPool, sharePool } = await import("@proj/dcquic-core/node");
  const credentials = { kind: "psk", identity: "rack", secret: new Uint8Array(32).fill(1) };
  const pools = [];
  for (let i = 0; i < workerData.count; i++) {
    pools.push(await createTransportPool({ host: "127.0.0.1", credentials, closeGraceMs: 1000 }));
  }
  const ports = pools.map((pool) => sharePool(pool));
  parentPort.postMessage(ports, ports);
  // Their own handles go: the pools live as long as those of the other thread.
  await Promise.all(pools.map((pool) => pool.close()));
})();
`;

/** Starts a thread with so many pools; gives it, and a descriptor of each. */
export async function poolThread(
  count: number,
): Promise<{ readonly thread: Worker; readonly ports: readonly MessagePort[] }> {
  const thread = new Worker(OWNER, { eval: true, workerData: { count } });
  const [ports] = (await once(thread, "message")) as [readonly MessagePort[]];
  return { thread, ports };
}

/** Two pools of another thread, by handles of this one. */
export async function sharedPair(): Promise<PoolPair> {
  const { thread, ports } = await poolThread(2);
  const [caller, answerer] = await Promise.all(ports.map((port) => attachPool(port)));
  if (caller === undefined || answerer === undefined) throw new TypeError("no two pools");
  return {
    caller,
    answerer,
    run: (done) => done,
    dispose: async () => {
      const exited = once(thread, "exit");
      await Promise.all([caller.close(), answerer.close()]);
      // With the last handles its pools close, and nothing keeps it any more.
      await exited;
    },
  };
}
