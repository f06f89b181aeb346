import { type Operation, runSuite } from "@proj/bench";
import { backend } from "@proj/native-io";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileLoop } from "./compile-loop.js";

const { shm } = backend;
if (backend.kind !== "native") throw new Error(`this measures native code: ${backend.reason}`);

const SLOTS = 16;
const loop = compileLoop("copy-loop") as { copy(slots: Uint8Array, source: Uint8Array): void };

await runSuite({
  name: "shared-memory",
  question: "How fast does JavaScript fill slots of a mapped pool?",
  cases: [4096, 65_536, 1_048_576].map((slotBytes) => ({
    name: `${SLOTS} slots of ${slotBytes} B`,
    pace: { kind: "batch" },
    compare: "throughput",
    payloadBytes: SLOTS * slotBytes,
    peers: [
      {
        name: "shm.copy, safe from truncation",
        open: () =>
          pool(slotBytes, (slots, source) => {
            for (let slot = 0; slot < SLOTS; slot++) {
              shm.copy({
                target: slots,
                targetOffset: slot * slotBytes,
                source,
                sourceOffset: 0,
                length: slotBytes,
              });
            }
          }),
      },
      {
        name: "memcpy in C++",
        ...(slotBytes === 1_048_576 ? { target: { atLeast: 0.9 } } : {}),
        open: () => pool(slotBytes, (slots, source) => loop.copy(slots, source)),
      },
      {
        name: "Uint8Array.set on the mapping",
        open: () =>
          pool(slotBytes, (slots, source) => {
            for (let slot = 0; slot < SLOTS; slot++) slots.set(source, slot * slotBytes);
          }),
      },
    ],
  })),
});

function pool(slotBytes: number, fill: (slots: Uint8Array, source: Uint8Array) => void): Operation {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bench-"));
  const file = shm.allow([folder]).create(join(folder, "pool"), { sizeBytes: SLOTS * slotBytes });
  const region = file.map();
  const source = Uint8Array.from({ length: slotBytes }, (_, i) => i & 0xff);
  return {
    run: () => fill(region.bytes, source),
    close: () => {
      region.unmap();
      file.close();
      rmSync(folder, { recursive: true });
    },
  };
}
