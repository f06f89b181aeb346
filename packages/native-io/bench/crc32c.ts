import { crc32c as rust } from "@node-rs/crc32";
import { runSuite } from "@proj/bench";
import { backend, portable } from "@proj/native-io";

const sizes = [16, 64, 256, 1024, 16_384, 262_144, 1_048_576];

await runSuite({
  name: "crc32c",
  question: "How long does CRC-32C of one buffer take?",
  cases: sizes.map((size) => ({
    name: `${size} B`,
    pace: { kind: "batch" },
    payloadBytes: size,
    peers: [
      {
        name: `this machine's backend (${backend.kind})`,
        open: () => over(size, (bytes) => backend.crc32c(bytes)),
      },
      { name: "portable backend", open: () => over(size, (bytes) => portable.crc32c(bytes)) },
      { name: "@node-rs/crc32", open: () => over(size, (bytes) => rust(bytes)) },
    ],
  })),
});

function over(size: number, checksum: (bytes: Uint8Array) => number): { run(): number } {
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff);
  return { run: () => checksum(bytes) };
}
