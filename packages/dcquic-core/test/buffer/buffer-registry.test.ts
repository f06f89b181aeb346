import { expect, test } from "@jest/globals";
import { equalBytes, SeededRandom } from "@proj/wire-types";
import { BufferRegistry } from "#src/buffer/buffer-registry.js";
import type { RegisteredBuffer } from "#src/buffer/registered-buffer.js";
import { IntervalSet } from "#src/buffer/interval-set.js";
import { ImmediateBatch } from "#src/crypto/packet-batch.js";

const MiB = 1_048_576;
const copies = new ImmediateBatch();
const plain = {
  protection: 0,
  recordLog2: 0,
  totalBytes: 0,
  binding: new Uint8Array(16),
  dataKey: undefined,
  messageNumber: 0,
};

function allocate(registry: BufferRegistry, bytes: number, priority = 0): RegisteredBuffer {
  const buffer = registry.allocate(bytes, priority);
  if (buffer === undefined) throw new Error("no room");
  return buffer;
}

test("§8.3: bytes written across regions are read across regions", () => {
  const registry = new BufferRegistry(64 * MiB);
  const bytes = new SeededRandom(4).fill(new Uint8Array(9 * MiB + 123));
  const buffer = allocate(registry, bytes.length);
  for (let at = 0; at < bytes.length; at += 1_000_003) {
    registry.write(buffer, at, bytes.subarray(at, at + 1_000_003));
  }
  registry.fill(buffer, plain);
  const read = new Uint8Array(bytes.length + 2);
  registry.copyOut(buffer, 1, bytes.length - 1, read, 2, copies);
  expect(equalBytes(read.subarray(2, 1 + bytes.length), bytes.subarray(1))).toBe(true);
  expect(() => registry.copyOut(buffer, 1, bytes.length, read, 0, copies)).toThrow(RangeError);
});

test("§8.3: allocated, writing, filled, released; only what is filled can be attached", () => {
  const registry = new BufferRegistry(MiB);
  const buffer = allocate(registry, 100);
  expect(buffer.state).toBe("allocated");
  expect(() => registry.retain(buffer)).toThrow(TypeError);
  registry.write(buffer, 0, new Uint8Array(100));
  expect(buffer.state).toBe("writing");
  registry.fill(buffer, plain);
  registry.retain(buffer);
  registry.release(buffer);
  expect(registry.get(buffer.id)).toBe(buffer);
  registry.release(buffer);
  expect(buffer.state).toBe("released");
  expect(registry.get(buffer.id)).toBeUndefined();
  expect(() => registry.release(buffer)).toThrow(TypeError);
  expect([registry.usedBytes, registry.references, registry.size]).toEqual([0, 0, 0]);
});

test("§8.3: an id is not that of the next buffer in the same slot", () => {
  const registry = new BufferRegistry(MiB);
  const first = allocate(registry, 10);
  registry.release(first);
  const second = allocate(registry, 10);
  expect(second.id.lo).toBe(first.id.lo);
  expect(registry.get(first.id)).toBeUndefined();
});

test("§8.3: lower priorities feel the pressure first, and waiters are served in order", () => {
  const registry = new BufferRegistry(16 * MiB);
  const first = allocate(registry, 4 * MiB);
  const second = allocate(registry, 4 * MiB);
  expect(registry.allocate(4 * MiB, 7)).toBeUndefined();
  const third = allocate(registry, 4 * MiB);
  const served: string[] = [];
  const later = (name: string, priority: number): (() => void) =>
    registry.allocateLater(4 * MiB, priority, () => served.push(name));
  allocate(registry, 4 * MiB);
  later("a", 2);
  const giveUp = later("b", 2);
  later("c", 2);
  later("urgent", 0);
  expect(registry.allocate(4096, 2)).toBeUndefined();
  giveUp();
  for (const buffer of [first, second, third]) registry.release(buffer);
  expect(served).toEqual(["urgent", "a"]);
  expect(() => later("never", 7)).not.toThrow();
  expect(() => registry.allocateLater(20 * MiB, 0, () => {})).toThrow(RangeError);
});

test("§8.3: regions that every attached transfer's peer has return from the front, once nobody may attach more", () => {
  const registry = new BufferRegistry(64 * MiB);
  const buffer = allocate(registry, 10 * MiB);
  registry.fill(buffer, plain);
  const before = registry.usedBytes;
  const [one, other] = [new IntervalSet(), new IntervalSet()];
  registry.attach(buffer, one);
  registry.attach(buffer, other);
  one.add(0, 10 * MiB);
  other.add(0, 5 * MiB);
  // The application holds its handle.
  registry.acknowledged(buffer);
  expect(registry.usedBytes).toBe(before);
  registry.release(buffer);
  registry.acknowledged(buffer);
  registry.acknowledged(buffer);
  expect(registry.usedBytes).toBe(before - 4 * MiB);
  expect([registry.holds(buffer, 0, 1), registry.holds(buffer, 4 * MiB, 10 * MiB)]).toEqual([
    false,
    true,
  ]);
  expect(() => registry.copyOut(buffer, 0, 1, new Uint8Array(1), 0, copies)).toThrow(RangeError);
  registry.copyOut(buffer, 4 * MiB, 1, new Uint8Array(1), 0, copies);
  registry.detach(buffer, other);
  expect(registry.usedBytes).toBe(0);
  registry.detach(buffer, one);
  expect([registry.usedBytes, registry.references]).toEqual([0, 0]);
});
