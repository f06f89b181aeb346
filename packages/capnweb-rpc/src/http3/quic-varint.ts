import { concatBytes } from "@proj/wire-types";

const MAX = 2 ** 53 - 1;

/** Writes numbers one after the other, each as short as it goes. RFC 9000 §16 */
export function encodeVarints(...values: readonly number[]): Uint8Array<ArrayBuffer> {
  return concatBytes(values.map(encodeVarint));
}

function encodeVarint(value: number): Uint8Array {
  if (!(value >= 0 && value <= MAX)) throw new RangeError(`${value} does not fit a varint`);
  if (value < 0x40) return Uint8Array.of(value);
  if (value < 0x4000) return Uint8Array.of(0x40 | (value >> 8), value & 0xff);
  const bytes = new Uint8Array(value < 0x4000_0000 ? 4 : 8);
  const view = new DataView(bytes.buffer);
  if (bytes.length === 4) view.setUint32(0, value + 0x8000_0000);
  else view.setBigUint64(0, BigInt(value) | 0xc000_0000_0000_0000n);
  return bytes;
}

/** A number that was read, and where the next byte is. */
export interface ReadVarint {
  readonly value: number;
  readonly next: number;
}

/**
 * Reads the number at `at`, or answers `undefined` while it is incomplete. Numbers above 2^53, which only reserved
 * identifiers have, come back rounded.
 */
export function readVarint(bytes: Uint8Array, at: number): ReadVarint | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  const length = 1 << (first >> 6);
  if (at + length > bytes.length) return undefined;
  let value = first & 0x3f;
  for (let i = 1; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return { value, next: at + length };
}
