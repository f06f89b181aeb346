import type { BrotliEngine } from "../brotli/brotli-engine.js";
import type { Crc32 } from "../wire/crc32.js";
import type { ZstdEngine } from "../zstd/zstd-engine.js";
import type { AnchorEngine } from "./anchor-engine.js";

/** What encoding and decoding take from the machine. `nodeHdePlatform` of `@proj/dwcp/node` is one. */
export interface HdePlatform {
  /** Compresses. */
  readonly zstd: ZstdEngine;
  /** Packs the streams of best mode shorter; without it they are packed by `zstd`. */
  readonly brotli?: BrotliEngine | undefined;
  /** Sums as zlib does. */
  readonly crc32: Crc32;
  /** Gives the SHA-256 of the parts in a row. */
  readonly sha256: (...parts: readonly Uint8Array[]) => Uint8Array;
  /** Tells whether two pieces hold the same bytes; it runs over everything, so it is worth a native one. */
  readonly equal: (a: Uint8Array, b: Uint8Array) => boolean;
  /** Finds the same content at other places; `portableAnchors` where there is nothing faster. */
  readonly anchors: AnchorEngine;
}
