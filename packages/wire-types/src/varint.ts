import { wireError } from "./errors.js";

/** An integer and the bytes it took. */
export interface SizedInteger<T> {
  /** The value read. */
  readonly value: T;
  /** Bytes consumed. */
  readonly size: number;
}

/**
 * Reads an unsigned LEB128 (Protobuf varint) of at most 2^53-1 at `offset`.
 *
 * @throws WireError `wire.truncated`; `wire.overflow` above 2^53-1.
 */
export function readLeb128(bytes: Uint8Array, offset: number): SizedInteger<number> {
  let value = 0;
  let scale = 1;
  for (let size = 1; size <= 8; size++) {
    const byte = bytes[offset + size - 1];
    if (byte === undefined) throw truncated(offset);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) break;
      return { value, size };
    }
    scale *= 128;
  }
  throw wireError("wire.overflow", `varint at ${offset} exceeds 2^53-1`);
}

/**
 * Reads an unsigned LEB128 (Protobuf varint) of at most 2^64-1 at `offset`; ten bytes at most.
 *
 * @throws WireError `wire.truncated`; `wire.overflow` above 2^64-1.
 */
export function readLeb128Big(bytes: Uint8Array, offset: number): SizedInteger<bigint> {
  let value = 0n;
  for (let size = 1; size <= 10; size++) {
    const byte = bytes[offset + size - 1];
    if (byte === undefined) throw truncated(offset);
    value |= BigInt(byte & 0x7f) << BigInt(7 * (size - 1));
    if (byte < 0x80) {
      if (value >= 1n << 64n) break;
      return { value, size };
    }
  }
  throw wireError("wire.overflow", `varint at ${offset} exceeds 2^64-1`);
}

/** Writes `value` (0..2^53-1) as LEB128 and returns the bytes used, at most 8. */
export function writeLeb128(into: Uint8Array, offset: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`LEB128 takes 0..2^53-1, not ${value}`);
  }
  let rest = value;
  let size = 0;
  while (rest >= 0x80) {
    into[offset + size++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  into[offset + size++] = rest;
  return size;
}

/** Writes `value` (0..2^64-1) as LEB128 and returns the bytes used, at most 10. */
export function writeLeb128Big(into: Uint8Array, offset: number, value: bigint): number {
  if (value < 0n || value >= 1n << 64n) {
    throw new RangeError(`LEB128 takes 0..2^64-1, not ${value}`);
  }
  let rest = value;
  let size = 0;
  while (rest >= 0x80n) {
    into[offset + size++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  into[offset + size++] = Number(rest);
  return size;
}

/** Bytes that `value` (0..2^53-1) takes as LEB128. */
export function leb128Size(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Maps a signed 64-bit integer to an unsigned one with small magnitudes first. */
export function zigzag(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
}

/** Undoes {@link zigzag}. */
export function unzigzag(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n);
}

function truncated(offset: number): Error {
  return wireError("wire.truncated", `the varint at ${offset} does not end`);
}
