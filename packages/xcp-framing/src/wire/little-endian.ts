import { type MsgId, toMsgId } from "./header.js";

// Frames are read and written field by field at known indices: a DataView or a cursor for each would cost more than
// the fields. Callers have checked the bounds, so an index always holds a byte.

/** Loads a u16. The caller has checked that `at + 2` is within `bytes`. */
export function loadU16(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8);
}

/** Loads a u32. The caller has checked that `at + 4` is within `bytes`. */
export function loadU32(bytes: Uint8Array, at: number): number {
  return (
    (byteAt(bytes, at) |
      (byteAt(bytes, at + 1) << 8) |
      (byteAt(bytes, at + 2) << 16) |
      (byteAt(bytes, at + 3) << 24)) >>>
    0
  );
}

/** Loads a u64 without losing bits. The caller has checked that `at + 8` is within `bytes`. */
export function loadU64(bytes: Uint8Array, at: number): MsgId {
  const low = loadU32(bytes, at);
  const high = loadU32(bytes, at + 4);
  if (high === 0) return low;
  if (high < 0x20_0000) return high * 0x1_0000_0000 + low;
  return toMsgId((BigInt(high) << 32n) | BigInt(low));
}

/** Stores a u16. */
export function storeU16(into: Uint8Array, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >>> 8;
}

/** Stores a u32. */
export function storeU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >>> 8;
  into[at + 2] = value >>> 16;
  into[at + 3] = value >>> 24;
}

/** Stores a u64. */
export function storeU64(into: Uint8Array, at: number, value: MsgId): void {
  if (typeof value === "number") {
    const small = value <= 0xffff_ffff;
    storeU32(into, at, small ? value : value % 0x1_0000_0000);
    storeU32(into, at + 4, small ? 0 : Math.floor(value / 0x1_0000_0000));
    return;
  }
  storeU32(into, at, Number(value & 0xffff_ffffn));
  storeU32(into, at + 4, Number((value >> 32n) & 0xffff_ffffn));
}

/** Reverses the bytes of a u32. */
export function swapU32(value: number): number {
  return (
    ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff_0000) | (value << 24)) >>> 0
  );
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}
