const MIN_REGION = 4096;
const MAX_REGION = 4_194_304;
const CLASSES = 11;
const SLAB_BYTES = MAX_REGION;

/** A piece of memory that belongs to one buffer at a time. */
export interface Region {
  /** The bytes; shared memory, so that other threads and native code see the same. */
  readonly bytes: Uint8Array;
  /** Index of the size class, which is 4 KiB × 2^index. */
  readonly sizeClass: number;
}

/**
 * Regions in size classes of 4 KiB to 4 MiB, cut from slabs of shared memory that are allocated when first needed and
 * kept.
 *
 * @see spec/dcquic.md §8.3
 */
export class RegionPool {
  readonly #free: Region[][] = Array.from({ length: CLASSES }, () => []);
  #usedBytes = 0;

  /** Bytes of the regions that are lent. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes that `bytes` take once they are rounded up to regions. */
  static footprint(bytes: number): number {
    const whole = Math.floor(bytes / MAX_REGION) * MAX_REGION;
    const rest = bytes - whole;
    return whole + (rest === 0 && whole > 0 ? 0 : sizeOf(classFor(rest)));
  }

  /** Lends regions that hold at least `bytes` together: all but the last are full. */
  take(bytes: number): readonly Region[] {
    const regions: Region[] = [];
    let left = bytes;
    do {
      const region = this.#takeRegion(classFor(Math.min(left, MAX_REGION)));
      regions.push(region);
      left -= region.bytes.length;
    } while (left > 0);
    return regions;
  }

  /** Takes a region back. */
  give(region: Region): void {
    this.#usedBytes -= region.bytes.length;
    this.#free[region.sizeClass]?.push(region);
  }

  #takeRegion(sizeClass: number): Region {
    const free = this.#free[sizeClass] ?? [];
    if (free.length === 0) this.#cutSlab(sizeClass, free);
    const region = free.pop();
    if (region === undefined) throw new RangeError(`no regions of class ${sizeClass}`);
    this.#usedBytes += region.bytes.length;
    return region;
  }

  // Small classes share a modest slab, so that one 4 KiB buffer does not cost 4 MiB.
  #cutSlab(sizeClass: number, free: Region[]): void {
    const size = sizeOf(sizeClass);
    const slab = new SharedArrayBuffer(Math.min(SLAB_BYTES, size * 64));
    for (let at = slab.byteLength - size; at >= 0; at -= size) {
      free.push({ bytes: new Uint8Array(slab, at, size), sizeClass });
    }
  }
}

function classFor(bytes: number): number {
  if (bytes <= MIN_REGION) return 0;
  return 32 - Math.clz32(Math.ceil(bytes / MIN_REGION) - 1);
}

function sizeOf(sizeClass: number): number {
  return MIN_REGION * 2 ** sizeClass;
}
