import { expect, test } from "@jest/globals";
import { ChunkMemory } from "#src/chunk-memory.js";

function counting(): { readonly memory: ChunkMemory; readonly sizes: number[] } {
  const sizes: number[] = [];
  const memory = new ChunkMemory((bytes) => {
    sizes.push(bytes);
    return new Uint8Array(bytes);
  });
  return { memory, sizes };
}

test("memory that came back is given again, whatever the chunk needs of it", () => {
  const { memory, sizes } = counting();
  const first = memory.take(100_000);
  expect(first).toHaveLength(100_000);
  memory.giveBack(first);
  const second = memory.take(90_000);
  expect(second).toHaveLength(90_000);
  expect(second.buffer).toBe(first.buffer);
  expect(sizes).toEqual([114_688]);
});

test("memory is given to one owner at a time, however often it comes back", () => {
  const { memory } = counting();
  const taken = memory.take(1000);
  memory.giveBack(taken);
  memory.giveBack(taken);
  memory.giveBack(new Uint8Array(1000));
  const again = [memory.take(1000), memory.take(1000)];
  expect(again[0]?.buffer).toBe(taken.buffer);
  expect(again[1]?.buffer).not.toBe(taken.buffer);
});

test("a few buffers are kept, none that is too small and none that is large", () => {
  const { memory, sizes } = counting();
  for (const taken of Array.from({ length: 8 }, () => memory.take(1000))) memory.giveBack(taken);
  for (let i = 0; i < 8; i++) memory.take(1000);
  expect(sizes).toHaveLength(8 + 8 - 3);
  const small = memory.take(1000);
  memory.giveBack(small);
  expect(memory.take(20_000).buffer).not.toBe(small.buffer);
  memory.giveBack(memory.take(262_145));
  memory.take(262_145);
  expect(sizes.slice(-2)).toEqual([262_145, 262_145]);
});

test("memory that others share is left alone", () => {
  const slab = new ArrayBuffer(1_000_000);
  let at = 0;
  const memory = new ChunkMemory((bytes) => {
    at += bytes;
    return new Uint8Array(slab, at - bytes, bytes);
  });
  const taken = memory.take(16_384);
  memory.giveBack(taken);
  expect(memory.take(16_384).byteOffset).toBe(16_384);
});
