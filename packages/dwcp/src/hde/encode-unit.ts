import { Codec, SLOT_NONE } from "../wire/codec.js";
import { NetworkWriter } from "../wire/network-writer.js";
import { type EncodedBody, shorter } from "./encoded-body.js";
import type { HdePlatform } from "./hde-platform.js";
import { packLists } from "./lists.js";
import { xorInto } from "./literals.js";
import { type ByteRange, gatherRanges, overlapOf, writeRanges } from "./ranges.js";
import type { Reference } from "./reference.js";
import type { WorkMemory } from "./work-memory.js";

const PLAIN = { codecFlags: 0, baselineSlot: SLOT_NONE, dictionarySlot: 0 } as const;

/** How the units of one object are encoded. */
export interface UnitSettings {
  /** What this runs on lends: hashes, checksums, compression. */
  readonly platform: HdePlatform;
  /** Bytes of a page. */
  readonly pageBytes: number;
  /** 0 to 9; 0 stores. */
  readonly level: number;
  /** What a sample has to shrink by, original by compressed, or else bytes are stored; 1.1 when absent. */
  readonly minRatio?: number | undefined;
  /** Whether best mode may pack by brotli: only where the receiver has agreed on BSDIFF_BROTLI. */
  readonly brotli?: "agreed" | "refused" | undefined;
  /** Used from unit to unit for prefixes and what is compressed with them; absent, each takes its own. */
  readonly prefixMemory?: WorkMemory | undefined;
}

/** Stores a unit. spec/dwcp.md B5 */
export function encodeRaw(raw: Uint8Array): EncodedBody {
  return { ...PLAIN, codec: Codec.RAW, encoded: raw };
}

/** Compresses a unit without a baseline; stores it where that is shorter. spec/dwcp.md B10 */
export function encodeZstd(
  raw: Uint8Array,
  { platform, level }: UnitSettings,
  dictionary?: { readonly slot: number; readonly bytes: Uint8Array },
): EncodedBody {
  const stored = encodeRaw(raw);
  if (level === 0 || raw.length === 0) return stored;
  const plain = {
    ...PLAIN,
    codec: Codec.ZSTD,
    encoded: platform.zstd.compress(raw, { level }),
  };
  if (dictionary === undefined) return shorter(stored, plain);
  const encoded = platform.zstd.compress(raw, { level, prefix: dictionary.bytes });
  const learned = { ...plain, dictionarySlot: dictionary.slot, encoded };
  return shorter(stored, shorter(plain, learned));
}

/** Compresses the difference to the baseline at the same place. spec/dwcp.md B5 */
export function encodeXor(
  raw: Uint8Array,
  rawOffset: number,
  { source, slot }: Reference,
  { platform, level }: UnitSettings,
): EncodedBody {
  const mixed = xorInto(new Uint8Array(raw), overlapOf(source, rawOffset, raw.length));
  const encoded = platform.zstd.compress(mixed, { level: Math.max(1, level) });
  return shorter<EncodedBody>(encodeRaw(raw), {
    ...PLAIN,
    codec: Codec.XOR_ZSTD,
    baselineSlot: slot,
    encoded,
  });
}

/**
 * Compresses a unit with ranges of the baseline before it.
 *
 * @param codec JOINT_ZSTD where `source` is a `jointSource`, and the slot that of its baseline.
 * @see spec/dwcp.md B5
 */
export function encodePrefix(
  raw: Uint8Array,
  rawOffset: number,
  ranges: readonly ByteRange[],
  { source, slot }: Pick<Reference, "source" | "slot">,
  { platform, level, prefixMemory }: UnitSettings,
  codec: typeof Codec.PREFIX_ZSTD | typeof Codec.JOINT_ZSTD = Codec.PREFIX_ZSTD,
): EncodedBody {
  const lists = new NetworkWriter();
  writeRanges(lists, ranges, rawOffset);
  const { bytes, flags } = packLists(lists.view(), platform.zstd);
  const { prefix, behind } = gatherRanges(source, ranges, raw.length, prefixMemory);
  behind.set(raw);
  const frame = platform.zstd.compress(behind, {
    level: Math.max(1, level),
    prefix,
    longDistance: "dense",
  });
  return shorter<EncodedBody>(encodeRaw(raw), {
    ...PLAIN,
    codec,
    codecFlags: flags,
    baselineSlot: slot,
    encoded: new NetworkWriter(bytes.length + frame.length).bytes(bytes).bytes(frame).view(),
  });
}
