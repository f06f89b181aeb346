/** Bytes of a superblock. spec/tensor-pool.md §4.1 */
export const SUPERBLOCK_BYTES = 64;
/** Bytes of a slot in the header ring. spec/tensor-pool.md §4.1 */
export const HEADER_SLOT_BYTES = 256;
/** The version of the memory layout. */
export const LAYOUT_VERSION = 1;
/** The most slots of a ring: 2 GiB of headers. */
const MAX_SLOTS = 2 ** 23;
/** What every stride is a multiple of. */
const STRIDE_ALIGNMENT = 64;

/** What a pool is made of. */
export interface PoolLayout {
  /** The pool. */
  readonly poolId: number;
  /** Bytes from one slot to the next, and so the most that a frame may have. */
  readonly strideBytes: number;
}

/**
 * Whether a ring and its pools may have so many slots: a power of two, and no more than 8,388,608 of them, so that every
 * offset in a ring has 31 bits. spec/tensor-pool.md §4.1
 */
export function isSlotCount(nslots: number): boolean {
  return (
    Number.isInteger(nslots) && nslots >= 1 && nslots <= MAX_SLOTS && Math.log2(nslots) % 1 === 0
  );
}

/** Whether slots may lie so far apart. spec/tensor-pool.md §4.1 */
export function isStride(strideBytes: number): boolean {
  return (
    Number.isInteger(strideBytes) &&
    strideBytes > 0 &&
    strideBytes < 2 ** 32 &&
    strideBytes % STRIDE_ALIGNMENT === 0
  );
}

/** Bytes of a header ring. */
export function ringBytes(nslots: number): number {
  return SUPERBLOCK_BYTES + nslots * HEADER_SLOT_BYTES;
}

/** Bytes of a pool; above 2^32 with common settings. */
export function poolBytes(nslots: number, strideBytes: number): number {
  return SUPERBLOCK_BYTES + nslots * strideBytes;
}

/**
 * The slot of a frame: its number modulo a power of two, beyond 32 bits too.
 *
 * The low half decides; the remainder of a floating-point number would cost a call.
 */
export function slotOf(seq: number, nslots: number): number {
  return ((seq | 0) & (nslots - 1)) >>> 0;
}

/** The smallest pool in which `bytes` fit, the lowest id among equals; `undefined` when none is large enough. */
export function choosePool<P extends PoolLayout>(
  pools: readonly P[],
  bytes: number,
): P | undefined {
  let best: P | undefined;
  for (const pool of pools) {
    if (pool.strideBytes < bytes) continue;
    const better =
      best === undefined ||
      pool.strideBytes < best.strideBytes ||
      (pool.strideBytes === best.strideBytes && pool.poolId < best.poolId);
    if (better) best = pool;
  }
  return best;
}
