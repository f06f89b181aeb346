/**
 * Computes the CRC-32 of zlib (IEEE polynomial) of `bytes`; `seed` is the checksum of what came before, 0 at the start.
 *
 * @see spec/dwcp.md B2
 */
export type Crc32 = (bytes: Uint8Array, seed?: number) => number;

// Eight tables, so that eight bytes cost eight independent loads (slicing-by-8).
const SLICES = 8;
const tables = makeTables();

/** The {@link Crc32} that needs nothing of its platform. */
export const crc32: Crc32 = (bytes, seed = 0) => {
  let crc = ~seed;
  let at = 0;
  const whole = bytes.length - (bytes.length % SLICES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (; at < whole; at += SLICES) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      slice(7, low & 0xff) ^
      slice(6, (low >>> 8) & 0xff) ^
      slice(5, (low >>> 16) & 0xff) ^
      slice(4, low >>> 24) ^
      slice(3, high & 0xff) ^
      slice(2, (high >>> 8) & 0xff) ^
      slice(1, (high >>> 16) & 0xff) ^
      slice(0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = slice(0, (crc ^ view.getUint8(at)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
};

function slice(table: number, index: number): number {
  return tables[table * 256 + index] ?? 0;
}

function makeTables(): Int32Array {
  const made = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
    made[byte] = value;
  }
  for (let at = 256; at < made.length; at++) {
    const before = made[at - 256] ?? 0;
    made[at] = (made[before & 0xff] ?? 0) ^ (before >>> 8);
  }
  return made;
}
