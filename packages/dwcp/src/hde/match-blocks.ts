import type { ByteSource } from "./byte-source.js";
import type { CopyOp } from "./copy-ops.js";
import { CopyBuilder } from "./matching.js";

const MIN_BLOCK_BYTES = 512;
const MAX_BLOCK_BYTES = 131_072;
const SPREAD = 0x9e3779b1;
const EMPTY = 0xffffffff;

/** Gives the block size of rsync for a baseline: about the root of its length. spec/dwcp.md B11 */
function blockBytesFor(baselineBytes: number): number {
  const root = Math.ceil(Math.sqrt(baselineBytes) / 8) * 8;
  return Math.min(MAX_BLOCK_BYTES, Math.max(MIN_BLOCK_BYTES, root));
}

/**
 * The weak sums of a baseline's blocks. The rolling sum finds candidates at every byte of the new data; the bytes decide.
 *
 * @see spec/dwcp.md B11
 */
export class BlockIndex {
  readonly blockBytes: number;
  readonly #slots: Uint32Array;
  readonly #sums: Uint32Array;
  readonly #shift: number;

  /** Sums every whole block of `baseline`. */
  constructor(baseline: ByteSource, blockBytes: number = blockBytesFor(baseline.length)) {
    this.blockBytes = blockBytes;
    const blocks = Math.floor(baseline.length / blockBytes);
    const bits = Math.max(8, Math.ceil(Math.log2(2 * blocks + 1)));
    this.#shift = 32 - bits;
    this.#slots = new Uint32Array(2 ** bits).fill(EMPTY);
    this.#sums = new Uint32Array(blocks);
    for (let block = 0; block < blocks; block++) {
      const sum = weakSum(baseline.read(block * blockBytes, blockBytes));
      this.#sums[block] = sum;
      this.#slots[this.#slotOf(sum)] = block;
    }
  }

  /** Gives the offset of a block that may have this sum, or −1. */
  find(sum: number): number {
    const block = this.#slots[this.#slotOf(sum)] ?? EMPTY;
    return block !== EMPTY && this.#sums[block] === sum ? block * this.blockBytes : -1;
  }

  #slotOf(sum: number): number {
    return Math.imul(sum, SPREAD) >>> this.#shift;
  }
}

/** s1 = Σ x and s2 = Σ (B − i) · x, both modulo 2^16. spec/dwcp.md B11 */
export function weakSum(block: Uint8Array): number {
  let first = 0;
  let second = 0;
  for (const byte of block) {
    first += byte;
    second += first;
  }
  return (((second & 0xffff) << 16) | (first & 0xffff)) >>> 0;
}

/** Finds copies as rsync does, at every byte position. spec/dwcp.md B11 */
export function matchBlocks(
  raw: Uint8Array,
  rawOffset: number,
  baseline: ByteSource,
  index: BlockIndex,
): readonly CopyOp[] {
  const size = index.blockBytes;
  const builder = new CopyBuilder(raw, baseline, rawOffset);
  builder.tryDiagonal(0);
  let at = builder.done;
  while (at + size <= raw.length) {
    const sum = weakSum(raw.subarray(at, at + size));
    let first = sum & 0xffff;
    let second = sum >>> 16;
    // Rolls until something is found, and starts anew behind it.
    for (;;) {
      const found = index.find(((second << 16) | first) >>> 0);
      if (found >= 0 && builder.tryCopy(at, found)) break;
      const leaving = raw[at] ?? 0;
      if (at + size >= raw.length) return builder.finish();
      first = (first - leaving + (raw[at + size] ?? 0)) & 0xffff;
      second = (second - size * leaving + first) & 0xffff;
      at++;
    }
    at = Math.max(at, builder.done);
  }
  return builder.finish();
}
