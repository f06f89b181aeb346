import { DwcpError } from "../errors.js";
import type { ArrivedUnit, UnitBody } from "../wire/chunk.js";
import { Codec, SLOT_NONE, SLOT_SELF } from "../wire/codec.js";
import { NetworkReader } from "../wire/network-reader.js";
import { zeroCrc } from "../wire/zero-crc.js";
import { decompressFrame } from "../zstd/frame-check.js";
import { type BsdiffPacking, brotliPacking, zstdPacking } from "./bsdiff-packing.js";
import { applyBsdiff } from "./bsdiff-patch.js";
import type { ByteSource } from "./byte-source.js";
import { decodeCopyLit } from "./decode-copylit.js";
import { type DecodeContext, type DecodeMemory, decodeMemory } from "./decode-context.js";
import { decodePages } from "./decode-pages.js";
import { jointSource } from "./joint-source.js";
import { openLists } from "./lists.js";
import { xorInto } from "./literals.js";
import { overlapOf, readRanges, sliceOf, viewRanges } from "./ranges.js";

/**
 * Gives the raw bytes of a unit, checked against its CRC. Without `into` they may be a view into `unit.encoded` or a baseline.
 *
 * It never guesses: what the unit states is done, or the unit is refused.
 *
 * @param into Memory of as many bytes as the unit stands for: it is filled and returned. What it holds after an error is
 *   unknown.
 * @throws {@link DwcpError} `dwcp.decode`, `dwcp.limit` and `dwcp.protocol` for what cannot be decoded; `dwcp.unit_crc` for a
 *   wrong result; `dwcp.baseline_missing` and `dwcp.dict_missing` for an unknown slot.
 * @throws RangeError for an `into` of another length.
 * @see spec/dwcp.md B5
 */
export function decodeUnit(
  unit: ArrivedUnit,
  context: DecodeContext,
  into?: Uint8Array,
): Uint8Array {
  const { limits, platform } = context;
  if (unit.rawBytes > limits.maxUnitRawBytes) {
    throw new DwcpError("dwcp.limit", `unit of ${unit.rawBytes} bytes`);
  }
  if (into !== undefined && into.length !== unit.rawBytes) {
    throw new RangeError(`${into.length} bytes for a unit of ${unit.rawBytes}`);
  }
  const raw = decodeCodec(unit, context, context.memory ?? decodeMemory(), into);
  const rawCrc = rawCrcOf(unit, raw, platform);
  if (raw.length !== unit.rawBytes || rawCrc !== unit.rawCrc) {
    throw new DwcpError(
      "dwcp.unit_crc",
      `the CRC of ${unit.rawBytes} bytes at ${unit.rawOffset} does not match`,
    );
  }
  return raw;
}

function rawCrcOf(
  { codec, encodedCrc }: ArrivedUnit,
  raw: Uint8Array,
  { crc32 }: DecodeContext["platform"],
): number {
  if (codec === Codec.ZERO) return zeroCrc(raw.length);
  // Stored bytes were summed when they arrived.
  return codec === Codec.RAW && encodedCrc !== undefined ? encodedCrc : crc32(raw);
}

function decodeCodec(
  unit: UnitBody,
  context: DecodeContext,
  memory: DecodeMemory,
  into: Uint8Array | undefined,
): Uint8Array {
  const { encoded, rawBytes, codec } = unit;
  const { limits, platform } = context;
  const { zstd } = platform;
  const allocate = (bytes: number) => into ?? new Uint8Array(bytes);
  requireFields(unit);
  switch (codec) {
    case Codec.RAW:
      requireBytes(encoded, rawBytes);
      return placed(encoded, into);
    case Codec.ZSTD: {
      const dictionary = dictionaryOf(unit, context);
      return decompressFrame(zstd, encoded, rawBytes, limits, dictionary, allocate);
    }
    case Codec.ZERO:
      requireBytes(encoded, 0);
      return into === undefined ? new Uint8Array(rawBytes) : into.fill(0);
    case Codec.SAME:
      requireBytes(encoded, 0);
      return placed(sliceOf(baselineOf(unit, context), unit.rawOffset, rawBytes), into);
    case Codec.XOR_ZSTD: {
      const baseline = baselineOf(unit, context);
      const raw = decompressFrame(zstd, encoded, rawBytes, limits, undefined, allocate);
      return xorInto(raw, overlapOf(baseline, unit.rawOffset, rawBytes));
    }
    case Codec.PREFIX_ZSTD:
    case Codec.JOINT_ZSTD: {
      const source =
        codec === Codec.JOINT_ZSTD ? jointOf(unit, context) : baselineOf(unit, context);
      const reader = new NetworkReader(encoded);
      const lists = openLists(reader, unit.codecFlags, zstd, limits);
      const ranges = readRanges(lists, unit.rawOffset, source.length, limits);
      const prefix = viewRanges(source, ranges, memory.prefix);
      return decompressFrame(zstd, reader.rest(), rawBytes, limits, prefix, allocate);
    }
    case Codec.PAGES: {
      // Without a baseline there are literal and zero pages only.
      const baseline = unit.baselineSlot === SLOT_NONE ? EMPTY : baselineOf(unit, context);
      return decodePages(unit, baseline, context, memory, allocate);
    }
    case Codec.COPYLIT:
      return decodeCopyLit(unit, baselineOf(unit, context), context, memory, allocate);
    case Codec.BSDIFF:
    case Codec.BSDIFF_BROTLI:
      return placed(decodeBsdiff(unit, context), into);
    default:
      throw new DwcpError("dwcp.decode", `unknown codec ${String(codec)}`);
  }
}

const CODECS_WITH_LISTS: ReadonlySet<number> = new Set([
  Codec.PREFIX_ZSTD,
  Codec.PAGES,
  Codec.COPYLIT,
  Codec.JOINT_ZSTD,
]);

function requireFields({ codec, codecFlags, dictionarySlot }: UnitBody): void {
  if (codecFlags !== 0 && !CODECS_WITH_LISTS.has(codec)) {
    throw new DwcpError("dwcp.decode", `flags ${codecFlags} on codec ${codec}`);
  }
  if (dictionarySlot !== 0 && codec !== Codec.ZSTD) {
    throw new DwcpError("dwcp.decode", `a dictionary for codec ${codec}`);
  }
}

function placed(bytes: Uint8Array, into: Uint8Array | undefined): Uint8Array {
  if (into === undefined) return bytes;
  into.set(bytes);
  return into;
}

function decodeBsdiff(unit: UnitBody, context: DecodeContext): Uint8Array {
  const baseline = baselineOf(unit, context);
  const { limits, platform } = context;
  if (Math.max(baseline.length, unit.rawBytes) > limits.maxBsdiffBytes) {
    throw new DwcpError("dwcp.limit", `BSDIFF of ${unit.rawBytes} bytes on ${baseline.length}`);
  }
  const packing = packingOf(unit, platform);
  const old = baseline.read(0, baseline.length);
  return applyBsdiff(unit.encoded, old, unit.rawBytes, packing, limits);
}

function packingOf(
  { codec }: UnitBody,
  { brotli, zstd }: DecodeContext["platform"],
): BsdiffPacking {
  if (codec === Codec.BSDIFF) return zstdPacking(zstd);
  if (brotli === undefined) throw new DwcpError("dwcp.decode", "no brotli here");
  return brotliPacking(brotli);
}

const EMPTY: ByteSource = { length: 0, read: () => new Uint8Array(0) };

function jointOf(unit: UnitBody, context: DecodeContext): ByteSource {
  if (unit.baselineSlot === SLOT_SELF) {
    throw new DwcpError("dwcp.decode", "JOINT_ZSTD without a baseline");
  }
  return jointSource(baselineOf(unit, context), sourceIn(SLOT_SELF, context));
}

function baselineOf({ baselineSlot }: UnitBody, context: DecodeContext): ByteSource {
  return sourceIn(baselineSlot, context);
}

function sourceIn(slot: number, context: DecodeContext): ByteSource {
  const baseline = slot === SLOT_NONE ? undefined : context.baseline(slot);
  if (baseline !== undefined) return baseline;
  const name = slot === SLOT_SELF ? "this transfer's own data" : `slot ${slot}`;
  throw new DwcpError("dwcp.baseline_missing", `no baseline in ${name}`, { details: { slot } });
}

function dictionaryOf(unit: UnitBody, context: DecodeContext): Uint8Array | undefined {
  const slot = unit.dictionarySlot;
  if (slot === 0) return undefined;
  const dictionary = context.dictionary(slot);
  if (dictionary !== undefined) return dictionary;
  throw new DwcpError("dwcp.dict_missing", `no dictionary in slot ${slot}`, { details: { slot } });
}

function requireBytes(encoded: Uint8Array, expected: number): void {
  if (encoded.length !== expected) {
    throw new DwcpError("dwcp.decode", `${encoded.length} encoded bytes where ${expected} belong`);
  }
}
