/** Computes CRC-32C of a buffer; native-io lends a hardware version of {@link crc32c} with this shape. */
export type Crc32c = (bytes: Uint8Array) => number;

// The Castagnoli polynomial, bits reversed.
const POLYNOMIAL = 0x82f63b78;

/**
 * Computes CRC-32C (Castagnoli) of `bytes` as an unsigned 32-bit integer.
 *
 * @param seed The CRC of what came before, so that `crc32c(b, crc32c(a))` is the CRC of a and b joined.
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const end = bytes.length;
  const wholeBlocks = end - (end % 16);
  let crc = ~seed;
  let at = 0;
  while (at < wholeBlocks) {
    crc = foldBlock(bytes, at, crc);
    at += 16;
  }
  for (; at < end; at++) crc = t(0, crc ^ byte(bytes, at)) ^ (crc >>> 8);
  return ~crc >>> 0;
}

// Slicing by 16: one look-up per byte, all independent of each other. Measured 3.4 times the speed of the
// bytewise loop and 1.2 times that of slicing by 8; the 16 KiB of tables still fit the first-level cache.
const tables = makeTables();

function makeTables(): Int32Array {
  const made = new Int32Array(16 * 256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    made[i] = crc;
  }
  for (let i = 256; i < made.length; i++) {
    const before = made[i - 256] ?? 0;
    made[i] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
  }
  return made;
}

function foldBlock(bytes: Uint8Array, at: number, crc: number): number {
  const first =
    crc ^
    (byte(bytes, at) |
      (byte(bytes, at + 1) << 8) |
      (byte(bytes, at + 2) << 16) |
      (byte(bytes, at + 3) << 24));
  return (
    t(15, first) ^
    t(14, first >>> 8) ^
    t(13, first >>> 16) ^
    t(12, first >>> 24) ^
    t(11, byte(bytes, at + 4)) ^
    t(10, byte(bytes, at + 5)) ^
    t(9, byte(bytes, at + 6)) ^
    t(8, byte(bytes, at + 7)) ^
    t(7, byte(bytes, at + 8)) ^
    t(6, byte(bytes, at + 9)) ^
    t(5, byte(bytes, at + 10)) ^
    t(4, byte(bytes, at + 11)) ^
    t(3, byte(bytes, at + 12)) ^
    t(2, byte(bytes, at + 13)) ^
    t(1, byte(bytes, at + 14)) ^
    t(0, byte(bytes, at + 15))
  );
}

// What byte `value & 0xff` contributes when `distance` more bytes of the block follow it.
function t(distance: number, value: number): number {
  return tables[distance * 256 + (value & 0xff)] as number;
}

// Callers stay inside the array: the check that `?? 0` would add costs a third of the speed.
function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}
