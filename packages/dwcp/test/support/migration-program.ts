// A process of its own that takes what is migrated, or moves an image: for tests that kill one of the two.
import { ImageFileSource, startDwcpNode } from "@proj/dwcp/node";
import { testKey } from "./test-key.js";

const [role = "", port = "0", path = ""] = process.argv.slice(2);
const security = { mode: "psk", key: testKey } as const;
const host = "127.0.0.1";

if (role === "receive") {
  const node = await startDwcpNode({
    nodeId: "receiver",
    security,
    listen: { host, port: Number(port) },
    store: path,
    workers: 1,
    received: (_, round) => void process.send?.({ round: round?.round, isLast: round?.isLast }),
  });
  process.send?.({ port: node.address?.port });
} else {
  const node = await startDwcpNode({
    nodeId: "sender",
    security,
    streams: { minStreams: 1, initialStreams: 2, maxStreams: 2 },
    workers: 1,
  });
  const source = await ImageFileSource.open(path, {
    pause: async () => {
      process.send?.({ said: "pause" });
      // Whoever wants to kill this in the last round does it now.
      await new Promise((resolve) => process.once("message", resolve));
    },
    resume: () => void process.send?.({ said: "resume" }),
  });
  const { rootHash } = await node.migrate(
    { host, port: Number(port) },
    {
      key: "image",
      source,
      goal: { downtimeMs: 60_000 },
      progress: ({ round }) => void process.send?.({ said: `round ${round}` }),
    },
  );
  process.send?.({ said: "moved", rootHash });
  await node.close();
  await source.close();
  process.disconnect();
}
