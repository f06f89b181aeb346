// A process of its own that receives, or sends one file, with memory access where a device is named: for tests of two processes.
import { startDwcpNode } from "@proj/dwcp/node";
import { testKey } from "./test-key.js";

const [role = "", port = "0", path = "", transferId = "", device = ""] = process.argv.slice(2);
const security = { mode: "psk", key: testKey } as const;
// What it grants its senders, where a test says so.
const credit = process.env["CREDIT_BYTES"];
// Where the receiver is, in tests of two networks.
const host = process.env["RECEIVER_HOST"] ?? "127.0.0.1";
const memory = device === "" ? {} : { rma: { device, source: "127.0.0.1" } };

if (role === "receive") {
  const node = await startDwcpNode({
    nodeId: "receiver",
    security,
    listen: { host, port: Number(port) },
    store: path,
    workers: 1,
    ...(credit === undefined ? {} : { tuning: { creditBytes: Number(credit) } }),
    ...memory,
  });
  process.send?.({ port: node.address?.port });
  // Whatever it is asked, there is one thing it is asked for.
  process.on("message", () => process.send?.(node.rma));
} else {
  const node = await startDwcpNode({
    nodeId: "sender",
    security,
    streams: { minStreams: 1, initialStreams: 3, maxStreams: 4 },
    workers: 1,
    ...memory,
  });
  const seen: number[] = [];
  const result = await node.send(
    { host, port: Number(port) },
    { key: "object", from: path, transferId, progress: (arrived) => seen.push(arrived) },
  );
  process.send?.({ ...result, resumedBytes: seen[0] ?? 0, rma: node.rma });
  await node.close();
  process.disconnect();
}
