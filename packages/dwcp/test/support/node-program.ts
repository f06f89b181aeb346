// A process of its own that receives, or sends one file, with memory access where a device is named: for tests of two processes.
import { type DwcpNode, startDwcpNode } from "@proj/dwcp/node";
import { testKey } from "./test-key.js";

const [role = "", port = "0", path = "", transferId = "", device = ""] = process.argv.slice(2);
const security = { mode: "psk", key: testKey } as const;
// What it grants its senders, where a test says so.
const credit = process.env["CREDIT_BYTES"];
// How many streams all of its sessions may have, where a test says so.
const total = process.env["MAX_STREAMS_TOTAL"];
// Where the receiver is, in tests of two networks.
const host = process.env["RECEIVER_HOST"] ?? "127.0.0.1";
// What the sender and its object are called.
const name = process.env["SENDER_NAME"];
const initial = Number(process.env["INITIAL_STREAMS"] ?? "3");
const memory = device === "" ? {} : { rma: { device, source: "127.0.0.1" } };

if (role === "receive") {
  const node = await startDwcpNode({
    nodeId: "receiver",
    security,
    listen: { host, port: Number(port) },
    store: path,
    workers: 1,
    ...(total === undefined ? {} : { streams: { maxStreams: 32, maxStreamsTotal: Number(total) } }),
    ...(credit === undefined ? {} : { tuning: { creditBytes: Number(credit) } }),
    ...memory,
  });
  process.send?.({ port: node.address?.port });
  process.on("message", (asked) => process.send?.(asked === "streams" ? shared(node) : node.rma));
} else {
  const node = await startDwcpNode({
    nodeId: name ?? "sender",
    security,
    streams: { minStreams: 1, initialStreams: initial, maxStreams: Math.max(4, initial) },
    workers: 1,
    ...memory,
  });
  const seen: number[] = [];
  const result = await node.send(
    { host, port: Number(port) },
    { key: name ?? "object", from: path, transferId, progress: (arrived) => seen.push(arrived) },
  );
  process.send?.({ ...result, resumedBytes: seen[0] ?? 0, rma: node.rma });
  await node.close();
  process.disconnect();
}

/** How many streams all sessions have, and each sender. */
function shared({ ceiling, streams }: DwcpNode): object {
  const shares: Record<string, number> = {};
  for (const { node } of streams) shares[node] = (shares[node] ?? 0) + 1;
  return { ...ceiling, shares };
}
