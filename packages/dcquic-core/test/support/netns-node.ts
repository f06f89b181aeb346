// One end of a test between network namespaces: `node netns-node.js serve|send <driver> <json>`; talks JSON by lines.
import { memoryTarget } from "@proj/dcquic-core";
import { bindNative, createTransportPool, UdpDriver } from "@proj/dcquic-core/node";
import { rackKey } from "./udp-pools.js";

/** What one end is told. */
export interface NetnsOrder {
  readonly role: "serve" | "send";
  readonly driver: "native" | "dgram";
  readonly hosts: readonly string[];
  readonly port: number;
  readonly bytes: number;
  readonly peer?: string;
  readonly engine?: Record<string, number>;
}

const order = JSON.parse(process.argv[2] ?? "{}") as NetnsOrder;
const [host = "", ...otherHosts] = order.hosts;
const say = (news: unknown): void => void process.stdout.write(`${JSON.stringify(news)}\n`);

const pool = await createTransportPool({
  host: "0.0.0.0",
  port: order.port,
  advertisedHost: host,
  otherHosts,
  credentials: rackKey,
  bind: order.driver === "native" ? bindNative : (options) => UdpDriver.bind(options),
  ...(order.engine === undefined ? {} : { engine: order.engine }),
});

if (order.role === "serve") {
  pool.serve({
    accept: async (incoming) => {
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
} else {
  const payload = Uint8Array.from({ length: order.bytes }, (_, i) => i % 251);
  const begun = performance.now();
  say({ kind: "begun" });
  await pool.rawBulkTransfer(order.peer ?? "", payload).done;
  say({ kind: "done", ms: performance.now() - begun });
  await pool.close();
}
