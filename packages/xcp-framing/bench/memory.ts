import { type Fact, runSuite, spawnServer } from "@proj/bench";
import { PRIVATE_CODEC_MIN } from "@proj/wire-types";
import { openConnection } from "@proj/xcp-framing";
import { connectTcp, nodePlatform } from "@proj/xcp-framing/node";

const RAW = PRIVATE_CODEC_MIN;
const GIB = 2 ** 30;
const MIB = 2 ** 20;

await runSuite({
  name: "memory",
  question: "How much memory does it take to receive a message of 1 GiB into a sink?",
  cases: [],
  facts: receiveOneGibibyte,
});

async function receiveOneGibibyte(): Promise<readonly Fact[]> {
  const server = await spawnServer<{ port: number }>(new URL("./sink-server.js", import.meta.url));
  const stream = await connectTcp({ host: "127.0.0.1", port: server.ready.port });
  const connection = await openConnection(stream, "initiator", {
    platform: nodePlatform,
    codecs: [RAW, 8, 1],
    compression: { mode: "off" },
    limits: { maxMessageBytes: 2 * GIB },
    requestTimeoutMs: 300_000,
  });
  // The first message warms both processes up: what they hold then is the baseline.
  await send(64 * MIB);
  const before = await server.memory();
  const received = await send(GIB);
  const after = await server.memory();
  connection.destroy();
  await server.close();
  return [
    { name: "received", value: received / MIB, unit: "MiB" },
    { name: "resident before", value: before.rss / MIB, unit: "MiB" },
    {
      name: "peak above it",
      value: (after.peakRss - before.rss) / MIB,
      unit: "MiB",
      target: { atMost: 64 },
    },
  ];

  async function send(bytes: number): Promise<number> {
    const reply = await connection.request({
      bodyCodec: RAW,
      body: zeros(bytes),
      bodyBytes: bytes,
    });
    return Number(new TextDecoder().decode(reply.body));
  }
}

async function* zeros(bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let sent = 0; sent < bytes; sent += MIB) yield new Uint8Array(Math.min(MIB, bytes - sent));
}
