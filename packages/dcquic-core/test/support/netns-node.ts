// One end of a test between network namespaces: `node netns-node.js <order as JSON>`; talks JSON by lines.
import { EventGroup, memoryTarget } from "@proj/dcquic-core";
import {
  type BindDriver,
  bindNative,
  bindThread,
  createTransportPool,
  UdpDriver,
} from "@proj/dcquic-core/node";
import type { Socket } from "node:net";
import { rackKey } from "./udp-pools.js";

/** Over what it runs. */
export type NetnsDriver = "native" | "dgram" | "thread";

/** What one end is told. */
export interface NetnsOrder {
  /** `call` has a worker on each of its hosts, tells what becomes of their NICs, and calls when a NIC changed. */
  readonly role: "serve" | "send" | "call";
  readonly driver: NetnsDriver;
  readonly hosts: readonly string[];
  readonly port: number;
  readonly bytes: number;
  readonly peer?: string;
  readonly engine?: Record<string, number>;
  /** `each` gives every host a worker of its own; one worker has them all if absent. */
  readonly workers?: "each";
  /** Of every host; 1 GB/s if absent. */
  readonly nicBytesPerSecond?: number;
}

// It ends with the test that started it, however that ends.
process.stdin.resume().once("close", () => process.exit(1));
// A pipe, as the test makes it: nothing waits for it.
(process.stdin as Socket).unref();

const order = JSON.parse(process.argv[2] ?? "{}") as NetnsOrder;
const [host = "", ...otherHosts] = order.hosts;
const say = (news: unknown): void => void process.stdout.write(`${JSON.stringify(news)}\n`);

const binds: Record<NetnsDriver, BindDriver> = {
  native: bindNative,
  thread: bindThread,
  dgram: (options) => UdpDriver.bind(options),
};
const bind = binds[order.driver];
const bytesPerSecond = order.nicBytesPerSecond ?? 1e9;
const rate = { bytesPerSecond, flowBytesPerSecond: bytesPerSecond };
const nics = order.hosts.map((address) => ({ address, ...rate }));
const pool = await createTransportPool({
  ...(order.role === "call" || order.workers === "each"
    ? { host, settings: { preset: "twoCoreTest", nics, workers: nics.length } }
    : { host: "0.0.0.0", advertisedHost: host, otherHosts }),
  port: order.port,
  credentials: rackKey,
  bind,
  ...(order.engine === undefined ? {} : { engine: order.engine }),
});

if (order.role === "serve") {
  pool.serve({
    accept: async (incoming) => {
      if (incoming.pattern === "unary") {
        await incoming.reply((await incoming.request()).bytes);
        return;
      }
      const memory = new Uint8Array(incoming.size);
      const begun = setInterval(() => {
        if (memory.subarray(0, incoming.size / 8).every((byte) => byte === 0)) return;
        clearInterval(begun);
        say({ kind: "moving" });
      }, 5);
      await incoming.place(memoryTarget(memory));
      clearInterval(begun);
      say({ kind: "placed", whole: memory.every((byte, i) => byte === i % 251) });
    },
  });
  say({ kind: "ready", name: pool.name });
} else if (order.role === "call") {
  pool.subscribe({
    mask: EventGroup.net,
    onEvent: ({ kind, details }) => {
      if (kind !== "net.nicStateChanged") return;
      const { response } = pool.unaryRpc(order.peer ?? "", new Uint8Array(order.bytes));
      void response.then(({ bytes }) => say({ ...details, answered: bytes.length }));
    },
  });
  say({ kind: "ready", nics: pool.stats.routes?.nics.map(({ state }) => state) });
} else {
  let isTold = order.workers !== "each";
  pool.subscribe({
    level: "debug",
    onEvent: ({ kind, worker }) => {
      if (isTold || kind !== "transfer.accepted") return;
      isTold = true;
      say({ kind: "home", worker });
    },
  });
  const payload = Uint8Array.from({ length: order.bytes }, (_, i) => i % 251);
  const begun = performance.now();
  say({ kind: "begun" });
  await pool.rawBulkTransfer(order.peer ?? "", payload).done;
  say({ kind: "done", ms: performance.now() - begun });
  await pool.close();
}
