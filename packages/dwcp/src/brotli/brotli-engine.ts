/**
 * Brotli, for the streams of best mode. A platform without it sends and takes BSDIFF instead.
 *
 * @see spec/dwcp.md B5
 */
export interface BrotliEngine {
  /** Gives one stream at the highest quality, in memory of its own. Matches reach back 2 to the power of `windowLog` bytes. */
  compress(source: Uint8Array, windowLog: number): Uint8Array;
  /**
   * Fills `into` from one stream and returns the number of bytes, or `undefined` when the stream is corrupt, ends early, holds
   * more or has something behind it. The window has been looked at before.
   */
  decompressInto(stream: Uint8Array, into: Uint8Array): number | undefined;
}
