import {
  type ByteSource,
  type DecodeContext,
  decodeMemory,
  decodeUnit,
  type HdePlatform,
  indexOf,
  memorySource,
  ObjectEncoder,
  type ObjectSettings,
  OwnData,
  resolveDwcpLimits,
  SLOT_SELF,
  type UnitBody,
} from "@proj/dwcp";
import { nodeHdePlatform } from "@proj/dwcp/node";
import { type BsdiffPacking, brotliPacking, zstdPacking } from "#src/hde/bsdiff-packing.js";
import { zlibBrotli } from "#src/io/zlib-brotli.js";
import { SeededRandom } from "@proj/wire-types";

export const limits = resolveDwcpLimits();
export const platform: HdePlatform = await nodeHdePlatform();
export const PAGE = 4096;
const memory = decodeMemory();

/** Both ways to pack the streams of best mode. */
export const packings: [string, BsdiffPacking][] = [
  ["BSDIFF", zstdPacking(platform.zstd)],
  ["BSDIFF_BROTLI", brotliPacking(zlibBrotli)],
];

/** How tests encode, unless they say otherwise. */
export function settingsOf(chosen: Partial<ObjectSettings> = {}): ObjectSettings {
  return {
    platform,
    pageBytes: PAGE,
    level: 3,
    chunkBytes: 262_144,
    maxUnitRawBytes: limits.maxUnitRawBytes,
    maxEncodedBytes: limits.maxFrameBytes - 48,
    brotli: "agreed",
    ...chosen,
  };
}

/** What decodes units against one baseline in slot 3. */
export function contextOf(baseline?: ByteSource, own?: ByteSource): DecodeContext {
  return {
    platform,
    limits,
    pageBytes: PAGE,
    baseline: (slot) => (slot === SLOT_SELF ? own : slot === 3 ? baseline : undefined),
    dictionary: () => undefined,
    memory,
  };
}

/** Encodes `raw` against `old`, with the baseline in slot 3. */
export function encodeAgainst(
  raw: Uint8Array,
  old: Uint8Array | undefined,
  chosen?: Partial<ObjectSettings>,
): UnitBody[] {
  const source = old === undefined ? undefined : memorySource(old);
  const baseline =
    source === undefined
      ? undefined
      : { slot: 3, source, anchors: indexOf(source, platform), isInPlace: true };
  const encoder = new ObjectEncoder(memorySource(raw), baseline, settingsOf(chosen));
  return [...encoder.encode(0, raw.length)];
}

/** Decodes units to the whole object; they must cover it once, in ascending order. */
export function decodeAll(units: readonly UnitBody[], old: Uint8Array | undefined): Uint8Array {
  const context = contextOf(old === undefined ? undefined : memorySource(old));
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const unit of units) {
    if (unit.rawOffset !== at) throw new Error(`a unit at ${unit.rawOffset}, expected ${at}`);
    // Whatever the memory held before, it holds the unit then.
    parts.push(decodeUnit(unit, context, new Uint8Array(unit.rawBytes).fill(0xa5)));
    at += unit.rawBytes;
  }
  return Buffer.concat(parts);
}

/**
 * Encodes `step` bytes at a time, with what the receiver has acknowledged, `lag` units behind, and with `old` in slot 3 where there is one, and decodes
 * it again.
 */
export function copyWithOwn(
  raw: Uint8Array,
  lag: number,
  old?: ByteSource,
  chosen?: Partial<ObjectSettings>,
  step: number = 1_048_576,
): { readonly units: readonly UnitBody[]; readonly decoded: Uint8Array } {
  const object = memorySource(raw);
  const own = new OwnData(object, platform, old);
  const baseline =
    old === undefined
      ? undefined
      : { slot: 3, source: old, anchors: indexOf(old, platform), isInPlace: true };
  const encoder = new ObjectEncoder(object, baseline, settingsOf(chosen));
  const units: UnitBody[] = [];
  const decoded = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += step) {
    for (const unit of encoder.encode(at, Math.min(step, raw.length - at), own.reference())) {
      units.push(unit);
      decoded.set(decodeUnit(unit, contextOf(old, memorySource(decoded))), unit.rawOffset);
      const acked = units[units.length - 1 - lag];
      if (acked !== undefined) own.acknowledge(acked.rawOffset, acked.rawBytes);
    }
  }
  return { units, decoded };
}

/** Repeatable noise. */
export function noise(bytes: number, seed: number): Uint8Array {
  return new SeededRandom(seed).fill(new Uint8Array(bytes));
}

/** Repeatable text of few words. */
export function words(bytes: number, seed: number): Uint8Array {
  const choices = noise(bytes, seed);
  const list = ["alpha ", "beta ", "gamma-", "delta\n", "epsilon ", "zeta=", "eta;", "theta "];
  let text = "";
  for (let at = 0; text.length < bytes; at++) {
    text += (list[(choices[at] ?? 0) & 7] ?? "") + String((choices[at] ?? 0) >> 3);
  }
  return Buffer.from(text.slice(0, bytes));
}

/** Encoded bytes of units with their frames' headers. */
export function wireBytes(units: readonly UnitBody[]): number {
  return units.reduce((sum, { encoded }) => sum + encoded.length + 64, 0);
}
