import { expect } from "@jest/globals";
import { sha256, type World } from "./world.js";

/** A path of 200 Mbit/s and 40 ms there and back. */
export const FAST = { bytesPerSecond: 25_000_000, oneWayUs: 20_000 };

// Looked up once: in a test each lookup of a global is slow.
const { imul } = Math;

/** Bytes that do not repeat, the same for each seed. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** What was sent is stored at the receiver, and the sender knows it. */
export function expectDelivered(world: World, transferId: string, bytes: Uint8Array): void {
  const arrived = world.committed.get(transferId);
  expect(arrived).toBeDefined();
  expect(sha256(arrived ?? new Uint8Array(0))).toBe(sha256(bytes));
  expect(world.transfer(transferId).state).toBe("committed");
}
