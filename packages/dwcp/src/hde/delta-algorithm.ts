import { DwcpLimitTable } from "../limits.js";
import { Codec } from "../wire/codec.js";
import { diffBytes, type SortedBaseline } from "./bsdiff.js";
import { brotliPacking, zstdPacking } from "./bsdiff-packing.js";
import { encodeBsdiff } from "./bsdiff-patch.js";
import { encodeCopyLit } from "./encode-copylit.js";
import { encodePrefix, encodeRaw, encodeXor, type UnitSettings } from "./encode-unit.js";
import { type EncodedBody, shorter } from "./encoded-body.js";
import { ChunkIndex, matchChunks } from "./match-chunks.js";
import { BlockIndex, matchBlocks } from "./match-blocks.js";
import type { Reference } from "./reference.js";
import { suffixArray } from "./suffix-array.js";

/** How differences to a baseline are found: `auto` chooses by measured size, the others are for those who know. */
export type DeltaAlgorithm = "auto" | "xor" | "prefix" | "rsync" | "cdc" | "bsdiff" | "none";

/** Every {@link DeltaAlgorithm}. */
export const deltaAlgorithms: readonly DeltaAlgorithm[] = [
  "auto",
  "xor",
  "prefix",
  "rsync",
  "cdc",
  "bsdiff",
  "none",
];

/** What BSDIFF takes at most, of an object and of its baseline. spec/dwcp.md B5 */
const BSDIFF_BYTES = DwcpLimitTable.maxBsdiffBytes.max;
// How far around a unit's place its prefix reaches, as a multiple of the unit. spec/dwcp.md B11
const PREFIX_REACH = 1.5;

/**
 * What `algorithm` comes to: best mode is for objects and baselines of up to 64 MiB. Larger ones, and objects whose length
 * nobody knows yet, are encoded as `auto`.
 */
export function usableAlgorithm(
  algorithm: DeltaAlgorithm,
  objectBytes: number,
  baselineBytes: number,
): DeltaAlgorithm {
  const isLarge = Math.max(objectBytes, baselineBytes) > BSDIFF_BYTES;
  return algorithm === "bsdiff" && isLarge ? "auto" : algorithm;
}

/** Finds differences to one baseline by an algorithm that was asked for; what it needs of the baseline is made once. */
export class DeltaFinder {
  readonly #reference: Reference;
  readonly #settings: UnitSettings;
  #blocks: BlockIndex | undefined;
  #chunks: ChunkIndex | undefined;
  #sorted: SortedBaseline | undefined;

  /** The reference and the settings stay. */
  constructor(reference: Reference, settings: UnitSettings) {
    this.#reference = reference;
    this.#settings = settings;
  }

  /** Encodes one unit by `algorithm`; it is stored where that is shorter. spec/dwcp.md B10, B11 */
  encode(
    raw: Uint8Array,
    rawOffset: number,
    algorithm: Exclude<DeltaAlgorithm, "auto" | "none">,
  ): EncodedBody {
    const stored = encodeRaw(raw);
    if (this.#settings.level === 0 || raw.length === 0) return stored;
    switch (algorithm) {
      case "xor":
        return encodeXor(raw, rawOffset, this.#reference, this.#settings);
      case "prefix":
        return this.#prefix(raw, rawOffset);
      case "rsync":
        return shorter<EncodedBody>(stored, this.#rsync(raw, rawOffset));
      case "cdc":
        return shorter<EncodedBody>(stored, this.#cdc(raw, rawOffset));
      case "bsdiff":
        return shorter(stored, this.#bsdiff(raw));
    }
  }

  #prefix(raw: Uint8Array, rawOffset: number): EncodedBody {
    const { length } = this.#reference.source;
    const reach = Math.ceil(PREFIX_REACH * raw.length);
    const from = Math.max(0, Math.min(length, rawOffset) - reach);
    const to = Math.min(length, rawOffset + raw.length + reach);
    const ranges = [{ offset: from, length: to - from }];
    return encodePrefix(raw, rawOffset, ranges, this.#reference, this.#settings);
  }

  #rsync(raw: Uint8Array, rawOffset: number): EncodedBody | undefined {
    const { source, slot } = this.#reference;
    this.#blocks ??= new BlockIndex(source);
    const ops = matchBlocks(raw, rawOffset, source, this.#blocks);
    return encodeCopyLit(raw, rawOffset, ops, source, slot, this.#settings);
  }

  #cdc(raw: Uint8Array, rawOffset: number): EncodedBody | undefined {
    const { source, slot } = this.#reference;
    this.#chunks ??= new ChunkIndex(source);
    const ops = matchChunks(raw, rawOffset, source, this.#chunks);
    return encodeCopyLit(raw, rawOffset, ops, source, slot, this.#settings);
  }

  #bsdiff(raw: Uint8Array): EncodedBody {
    const { source, slot } = this.#reference;
    if (this.#sorted === undefined) {
      const bytes = source.read(0, source.length);
      this.#sorted = { bytes, suffixes: suffixArray(bytes) };
    }
    const { platform, brotli } = this.#settings;
    const patch = diffBytes(raw, this.#sorted);
    const plain = { codecFlags: 0, baselineSlot: slot, dictionarySlot: 0 } as const;
    const packed: EncodedBody = {
      ...plain,
      codec: Codec.BSDIFF,
      encoded: encodeBsdiff(patch, zstdPacking(platform.zstd)),
    };
    if (brotli !== "agreed" || platform.brotli === undefined) return packed;
    return shorter(packed, {
      ...plain,
      codec: Codec.BSDIFF_BROTLI,
      encoded: encodeBsdiff(patch, brotliPacking(platform.brotli)),
    });
  }
}
