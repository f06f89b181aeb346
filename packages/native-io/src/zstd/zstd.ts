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
