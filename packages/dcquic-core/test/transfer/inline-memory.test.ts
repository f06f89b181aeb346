import { expect, test } from "@jest/globals";
import { InlineMemory } from "#src/transfer/inline-memory.js";

test("copies of payloads share blocks, and never bytes", () => {
  const memory = new InlineMemory();
  const source = Uint8Array.from({ length: 4003 }, (_, i) => i - 3).subarray(3);
  const other = source.slice();
  const lengths = [0, 1, 64, 65, 128, 255, 256, 257, 1023, 1024, 1025, 3000];
  const copies = Array.from({ length: 90 }, (_, i) => {
    const length = lengths[i % lengths.length] ?? 0;
    return { at: i, length, copy: memory.copy(i % 5 === 0 ? other : source, i, length) };
  });
  source.fill(255);
  other.fill(255);
  for (const { at, length, copy } of copies) {
    expect(copy).toEqual(Uint8Array.from({ length }, (_, i) => at + i));
  }
  const [small] = copies.filter(({ length }) => length === 128);
  expect(small?.copy.buffer.byteLength).toBe(8192);
  const [large] = copies.filter(({ length }) => length === 3000);
  expect(large?.copy.buffer.byteLength).toBe(3000);
});
