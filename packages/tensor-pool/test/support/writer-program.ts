// A producer of the tests between processes: `writer-program.js AERON_DIR BASE_DIR STREAM NSLOTS STRIDE FRAMES [wake]`.
// Every 32-bit word of a frame is the low half of its number. Without descriptors (FRAMES is 0) it writes as fast as it
// can until it is killed.
import { connectAeron } from "@proj/aeron/node";
import { FrameTemplate } from "@proj/tensor-pool";
import { startDirectProducer } from "@proj/tensor-pool/node";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";

const [aeronDir = "", baseDir = "", ...numbers] = process.argv.slice(2);
const [streamId = 0, nslots = 0, strideBytes = 0, frames = 0] = numbers.map(Number);
const { client, close } = await connectAeron({ aeronDir });
const pools = [{ poolId: 1, strideBytes }];
const direct = await startDirectProducer({
  client,
  streamId,
  nslots,
  pools,
  baseDir,
  reserve: false,
  wakeReaders: process.argv.at(-1) === "wake",
});
const { producer, layout } = direct;
process.stdout.write(`ready ${layout.epoch} ${layout.ring.path} ${layout.pools[0]?.uri.path}\n`);
const words = strideBytes / 4;
const template = new FrameTemplate({ dtype: "uint32", shape: [words] });
const payload = new Uint32Array(words);
const bytes = new Uint8Array(payload.buffer);
if (frames > 0) await paced();
else for (;;) await burst();

async function paced(): Promise<void> {
  // Consumers join, and then none of these frames may be missed.
  await once(process.stdin, "data");
  while (producer.nextSeq < frames) {
    payload.fill(producer.nextSeq);
    producer.publish(template, bytes);
    if (producer.nextSeq % 16 === 0) await turn();
  }
  await once(process.stdin, "data");
  direct.close();
  close();
  process.stdin.destroy();
}

async function burst(): Promise<void> {
  for (let count = 0; count < 20_000; count++) {
    payload.fill(producer.nextSeq);
    producer.publish(template, bytes);
  }
  await turn();
}
