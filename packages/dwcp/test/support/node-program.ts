// A process of its own that receives, or sends one file: what is killed in tests of two processes.
import { startDwcpNode } from "@proj/dwcp/node";
import { testKey } from "./test-key.js";

const [role = "", port = "0", path = "", transferId = ""] = process.argv.slice(2);
const security = { mode: "psk", key: testKey } as const;

if (role === "receive") {
  const node = await startDwcpNode({
    nodeId: "receiver",
    security,
    listen: { host: "127.0.0.1", port: Number(port) },
    store: path,
    workers: 1,
  });
  process.send?.({ port: node.address?.port });
} else {
  const node = await startDwcpNode({
    nodeId: "sender",
    security,
    streams: { minStreams: 1, initialStreams: 3, maxStreams: 4 },
    workers: 1,
  });
  const seen: number[] = [];
  const result = await node.send(
    { host: "127.0.0.1", port: Number(port) },
    { key: "object", from: path, transferId, progress: (arrived) => seen.push(arrived) },
  );
  process.send?.({ ...result, resumedBytes: seen[0] ?? 0 });
  await node.close();
  process.disconnect();
}
