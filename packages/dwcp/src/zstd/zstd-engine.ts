/**
 * How matches are looked for in literals with a prefix, where the level's own way does not fit:
 *
 * - `wide`: in tables that hold more of a prefix;
 * - `single`: in one such table, by the fastest strategy. On the pages of memory it is a third faster than the two of level 3, and
 *   makes frames that are no longer: short matches in pointers cost more than they save;
 * - `deep`: so that each match is weighed against those at the next two places, at a third of the speed.
 */
export type SearchName = "wide" | "single" | "deep";

/** How one buffer is compressed. */
export interface ZstdSettings {
  /** 1 to 9. Level 0 of the configuration means RAW and never comes here. */
  readonly level: number;
  /** Bytes before the source that matches may point into; the decoder needs the same. It must not overlap the source. */
  readonly prefix?: Uint8Array | undefined;
  /**
   * Whether matches of 32 bytes and more are searched for beyond the level's tables, at one place in 16; engines without that
   * leave it out.
   */
  readonly longDistance?: "dense" | "off" | undefined;
  /** How matches are looked for, where the level's own way does not fit. Engines without that leave it out. */
  readonly search?: SearchName | undefined;
}

/**
 * Zstandard, whichever implementation runs here. Frames of one are read by all others.
 *
 * @see spec/dwcp.md B18
 */
export interface ZstdEngine {
  /** Which one, such as `native 1.5.7`. */
  readonly name: string;
  /** Whether a deep search is one here. */
  readonly canSearchDeep?: boolean;
  /** Gives one frame with its content's size, in memory of its own. */
  compress(source: Uint8Array, settings: ZstdSettings): Uint8Array;
  /**
   * Fills `into` from one frame and returns the number of bytes, or `undefined` when the frame is corrupt or holds more. Use
   * {@link decompressFrame}, which looks at the frame first.
   */
  decompressInto(frame: Uint8Array, into: Uint8Array, prefix?: Uint8Array): number | undefined;
}
