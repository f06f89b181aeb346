import { crc32 } from "node:zlib";
import { runSuite } from "@proj/bench";
import { backend } from "@proj/native-io";

const sizes = [64, 256, 1024, 16_384, 262_144, 1_048_576];
const { crc32: native } = backend;

await runSuite({
  name: "crc32",
  question: "How long does zlib's CRC-32 of one buffer take, here and by Node?",
  cases: sizes.map((size) => ({
    name: `${size} B`,
    pace: { kind: "batch" },
    payloadBytes: size,
    peers: [
      ...(native === undefined
        ? []
        : [{ name: "native backend", open: () => over(size, (bytes) => native(bytes)) }]),
      { name: "node:zlib", open: () => over(size, (bytes) => crc32(bytes)) },
    ],
  })),
});

function over(size: number, checksum: (bytes: Uint8Array) => number): { run(): number } {
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff);
  return { run: () => checksum(bytes) };
}
