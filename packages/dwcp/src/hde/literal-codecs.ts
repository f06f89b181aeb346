import { Codec } from "../wire/codec.js";
import type { ZstdEngine, ZstdSettings } from "../zstd/zstd-engine.js";
import type { Literals } from "./literals.js";

const SAMPLE_BYTES = 16_384;
const SAMPLE_PIECES = 4;
const PIECE_BYTES = SAMPLE_BYTES / SAMPLE_PIECES;
/** What shrinks less is not worth decompressing, where nobody says otherwise. spec/dwcp.md B10, B16 */
const MIN_RATIO = 1.1;
const SAMPLE_LEVEL = 1;

/** Tells by a sample whether compressing pays at all. spec/dwcp.md B10 */
export function isWorthCompressing(
  bytes: Uint8Array,
  zstd: ZstdEngine,
  minRatio: number = MIN_RATIO,
): boolean {
  const sample = sampleOf(bytes);
  const packed = zstd.compress(sample, { level: SAMPLE_LEVEL }).length;
  return packed * minRatio <= sample.length;
}

// From several places, the ends among them: a unit may hold a table of hashes or a picture anywhere, and shrink all the same.
function sampleOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= SAMPLE_BYTES) return bytes;
  const sample = new Uint8Array(SAMPLE_BYTES);
  const step = (bytes.length - PIECE_BYTES) / (SAMPLE_PIECES - 1);
  for (let piece = 0; piece < SAMPLE_PIECES; piece++) {
    const from = Math.floor(piece * step);
    sample.set(bytes.subarray(from, from + PIECE_BYTES), piece * PIECE_BYTES);
  }
  return sample;
}

/**
 * Compresses literals with a prefix if there is one, and leaves them alone where that is shorter.
 *
 * @param level 0 stores: RAW.
 * @param search How matches are looked for where there is a prefix.
 */
export function encodeLiterals(
  literals: Uint8Array,
  prefix: Uint8Array,
  zstd: ZstdEngine,
  level: number,
  search?: ZstdSettings["search"],
): Literals {
  const raw: Literals = { codec: Codec.RAW, bytes: literals };
  if (level === 0 || literals.length === 0) return raw;
  const codec = prefix.length > 0 ? Codec.PREFIX_ZSTD : Codec.ZSTD;
  const settings = prefix.length > 0 ? { level, prefix, search } : { level };
  const bytes = zstd.compress(literals, settings);
  return bytes.length < literals.length ? { codec, bytes } : raw;
}
