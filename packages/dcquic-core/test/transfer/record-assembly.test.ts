import { expect, test } from "@jest/globals";
import { nodeCrypto } from "@proj/dcquic-core/node";
import { SeededRandom } from "@proj/wire-types";
import { ImmediateBatch } from "#src/crypto/packet-batch.js";
import { sealRecords, wireBytesOf } from "#src/crypto/records.js";
import type { LendMemory } from "#src/transfer/part-memory.js";
import { RecordAssembly } from "#src/transfer/record-assembly.js";
import { SpareMemory } from "#src/transfer/spare-memory.js";

const RECORD = 16_384;
const layout = { recordLog2: 14, totalBytes: 2 * RECORD + 100, messageNumber: 0 };
const random = new SeededRandom(5);
const key = random.fill(new Uint8Array(32));
const plain = random.fill(new Uint8Array(layout.totalBytes));

function sealed(): { wire: Uint8Array; binding: Uint8Array } {
  const wire = new Uint8Array(wireBytesOf(layout));
  return { wire, binding: sealRecords(nodeCrypto, nodeCrypto.aead(key), layout, plain, wire) };
}

function assembly(
  wire: Uint8Array,
  binding: Uint8Array,
  lend: LendMemory,
): { made: RecordAssembly; spare: SpareMemory } {
  const spare = new SpareMemory(1_048_576);
  const aead = nodeCrypto.aead(key);
  const options = { layout, binding, aead, keep: "parts", spare, lend } as const;
  const made = new RecordAssembly(nodeCrypto, wire.length, options);
  made.write(new ImmediateBatch(), 0, wire, 0, wire.length);
  return { made, spare };
}

test("records are decrypted into the memory that is lent for them, and their own serves again", () => {
  const { wire, binding } = sealed();
  const memory = new Uint8Array(layout.totalBytes);
  const lend = (offset: number, length: number): Uint8Array =>
    memory.subarray(offset, offset + length);
  const { made, spare } = assembly(wire, binding, lend);
  for (const index of [1, 0, 2]) {
    const record = made.finish(index);
    expect(record).toMatchObject({ offset: index * RECORD, inPlace: true });
    expect(record?.bytes.buffer).toBe(memory.buffer);
  }
  expect(memory).toEqual(plain);
  expect(made.isBound()).toBe(true);
  expect(spare.bytes).toBe(2 * (RECORD + 16));
});

test("a record has memory of its own where none, or another length, is lent", () => {
  const { wire, binding } = sealed();
  const lend = (offset: number, length: number): Uint8Array | undefined =>
    offset === 0 ? undefined : new Uint8Array(length - 1);
  const { made } = assembly(wire, binding, lend);
  for (const index of [0, 1]) {
    const record = made.finish(index);
    expect(record?.inPlace).toBe(false);
    expect(record?.bytes).toEqual(plain.subarray(index * RECORD, (index + 1) * RECORD));
  }
});

test("a record that does not verify is not told, wherever it was to lie", () => {
  const { wire, binding } = sealed();
  wire[10] = (wire[10] ?? 0) ^ 1;
  const memory = new Uint8Array(layout.totalBytes);
  const { made } = assembly(wire, binding, (offset, length) =>
    memory.subarray(offset, offset + length),
  );
  expect(made.finish(0)).toBeUndefined();
  expect(memory.every((byte) => byte === 0)).toBe(true);
  expect(made.finish(1)?.inPlace).toBe(true);
});
