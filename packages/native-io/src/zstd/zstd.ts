/** How one buffer is compressed. */
export interface ZstdCompressOptions {
  /** 1 to 22; more is smaller and slower. Negative ones are faster than 1. */
  readonly level: number;
  /**
   * Bytes that matches may point into, as if they stood right before the source. Whoever decompresses needs the same. No
   * dictionary: whatever its first bytes are, they are content. It must not share memory with the source: zstd would drop it.
   */
  readonly prefix?: Uint8Array;
  /** How far matches reach, as a power of two: 10 to 31. The level decides when absent. */
  readonly windowLog?: number;
  /**
   * Whether matches beyond the level's own tables are searched for: pays for large sources and prefixes. `dense` finds shorter
   * ones, from 32 bytes, and more of them, in a source and a prefix of some megabytes; it takes longer.
   */
  readonly longDistance?: "on" | "off" | "dense";
  /** How matches are looked for, where the way of the level does not fit the source. */
  readonly search?: ZstdSearch;
}

/** How matches are looked for. What is absent is as the level has it. */
export interface ZstdSearch {
  /** `ZSTD_c_strategy`, from 1, the fastest, to 9: 2 has two tables, 5 compares each match with the next two. */
  readonly strategy?: number;
  /** Places of the first table, as a power of two. */
  readonly hashLog?: number;
  /** Places of the second table, as a power of two. */
  readonly chainLog?: number;
  /** Matches that are compared at one place, as a power of two. */
  readonly searchLog?: number;
  /** The shortest match that is looked for: 3 to 7. */
  readonly minMatchBytes?: number;
  /** Whether strategies 3 to 5 keep their tables in rows. */
  readonly rows?: "on" | "off";
}

/** The reference implementation of Zstandard, with one context per thread and direction. */
export interface Zstd {
  /** Of the library, such as `1.5.7`. */
  readonly version: string;
  /**
   * Writes one frame with the size of its content, and returns its length in bytes, or `undefined` when `into` is too small.
   *
   * @throws RangeError where zstd refuses a setting; {@link NativeIoError} `native_io.no_space` without memory for a context.
   */
  compress(source: Uint8Array, into: Uint8Array, options: ZstdCompressOptions): number | undefined;
  /**
   * Decompresses all frames of `source` and returns how many bytes came out, or why that failed: zstd's own number, as a
   * negative. Nothing is written outside of `into`, whatever the source claims.
   */
  decompress(source: Uint8Array, into: Uint8Array, prefix?: Uint8Array): number;
}
