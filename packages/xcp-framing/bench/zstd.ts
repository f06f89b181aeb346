import { randomFillSync } from "node:crypto";
import { type BenchCase, runSuite } from "@proj/bench";
import { compressBody } from "@proj/xcp-framing";
import { nodePlatform } from "@proj/xcp-framing/node";

const { zstd } = nodePlatform;

await runSuite({
  name: "zstd",
  question: "What does it take to compress one body, or to see that it is not worth it?",
  cases: [10, 100].map(compression),
});

function compression(kib: number): BenchCase {
  const text = jsonText(kib * 1024);
  const noise = randomFillSync(new Uint8Array(kib * 1024));
  return {
    name: `${kib} KiB`,
    pace: { kind: "batch" },
    payloadBytes: kib * 1024,
    peers: [
      {
        name: "JSON text, level 3",
        open: () => ({ run: () => compressBody(text, zstd, { level: 3 }) }),
      },
      {
        name: "JSON text, level 1",
        open: () => ({ run: () => compressBody(text, zstd, { level: 1 }) }),
      },
      {
        name: "random bytes",
        open: () => ({ run: () => compressBody(noise, zstd, { level: 3 }) }),
      },
    ],
  };
}

function jsonText(bytes: number): Uint8Array {
  let text = "";
  for (let i = 0; text.length < bytes; i++) {
    text += JSON.stringify({ id: i, name: `city ${i * 7919}`, delay: (i * 37) % 181 });
  }
  return new TextEncoder().encode(text.slice(0, bytes));
}
