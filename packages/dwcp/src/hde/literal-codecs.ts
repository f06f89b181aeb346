import { Codec } from "../wire/codec.js";
import type { ZstdEngine } from "../zstd/zstd-engine.js";
import type { Literals } from "./literals.js";

const SAMPLE_BYTES = 16_384;
/** What shrinks less is not worth decompressing, where nobody says otherwise. spec/dwcp.md B10, B16 */
const MIN_RATIO = 1.1;
const SAMPLE_LEVEL = 1;

/** Tells by a sample from the middle whether compressing pays at all. spec/dwcp.md B10 */
export function isWorthCompressing(
  bytes: Uint8Array,
  zstd: ZstdEngine,
  minRatio: number = MIN_RATIO,
): boolean {
  const start = Math.max(0, Math.floor((bytes.length - SAMPLE_BYTES) / 2));
  const sample = bytes.subarray(start, start + SAMPLE_BYTES);
  const packed = zstd.compress(sample, { level: SAMPLE_LEVEL }).length;
  return packed * minRatio <= sample.length;
}

/**
 * Compresses literals with a prefix if there is one, and leaves them alone where that is shorter.
 *
 * @param level 0 stores: RAW.
 */
export function encodeLiterals(
  literals: Uint8Array,
  prefix: Uint8Array,
  zstd: ZstdEngine,
  level: number,
): Literals {
  const raw: Literals = { codec: Codec.RAW, bytes: literals };
  if (level === 0 || literals.length === 0) return raw;
  const codec = prefix.length > 0 ? Codec.PREFIX_ZSTD : Codec.ZSTD;
  const settings = prefix.length > 0 ? { level, prefix } : { level };
  const bytes = zstd.compress(literals, settings);
  return bytes.length < literals.length ? { codec, bytes } : raw;
}
