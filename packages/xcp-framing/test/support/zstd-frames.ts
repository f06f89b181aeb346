import { concatBytes } from "@proj/wire-types";

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const MAX_BLOCK = 128 * 1024;

/** A zstd frame of `bytes` zeros in RLE blocks, four bytes for each 128 KiB; its size is declared when `declared` is given. */
export function zeroBomb(bytes: number, declared?: number): Uint8Array {
  const size = new DataView(new ArrayBuffer(8));
  size.setBigUint64(0, BigInt(declared ?? 0), true);
  const header =
    declared === undefined
      ? [...MAGIC, 0x00, 0x38] // window 128 KiB
      : [...MAGIC, 0xc0, 0x38, ...new Uint8Array(size.buffer)];
  const blocks: number[] = [];
  for (let left = bytes; left > 0; left -= MAX_BLOCK) {
    const block = Math.min(left, MAX_BLOCK);
    const word = (block << 3) | (1 << 1) | (left <= MAX_BLOCK ? 1 : 0);
    blocks.push(word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff, 0);
  }
  return Uint8Array.from([...header, ...blocks]);
}

/** A skippable frame of four bytes. */
export const SKIPPABLE: Uint8Array = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4);

/** Frames behind one another. */
export function concatenated(...frames: readonly Uint8Array[]): Uint8Array {
  return concatBytes(frames);
}
