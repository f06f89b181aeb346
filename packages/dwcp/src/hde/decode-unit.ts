import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import type { UnitBody } from "../wire/chunk.js";
import { Codec, SLOT_NONE, SLOT_SELF } from "../wire/codec.js";
import { NetworkReader } from "../wire/network-reader.js";
import { zeroCrc } from "../wire/zero-crc.js";
import { decompressFrame } from "../zstd/frame-check.js";
import { applyBsdiff } from "./bsdiff-patch.js";
import type { ByteSource } from "./byte-source.js";
import { readCopyOps } from "./copy-ops.js";
import type { HdePlatform } from "./hde-platform.js";
import { jointSource } from "./joint-source.js";
import { openLists } from "./lists.js";
import { decodeLiterals, xorInto } from "./literals.js";
import { PageKind, type PageRun, readPageRuns } from "./page-ops.js";
import { gatherRanges, readRanges } from "./ranges.js";

/** What the units of a transfer are decoded with. */
export interface DecodeContext {
  /** What this runs on lends: hashes, checksums, compression. */
  readonly platform: HdePlatform;
  /** What a unit may ask for. */
  readonly limits: DwcpLimits;
  /** Bytes of a page, of the OFFER. */
  readonly pageBytes: number;
  /** Finds a baseline whose content id was checked; {@link SLOT_SELF} is what this transfer has committed. */
  readonly baseline: (slot: number) => ByteSource | undefined;
  /** Finds a dictionary whose id was checked. */
  readonly dictionary: (slot: number) => Uint8Array | undefined;
}

/**
 * Gives the raw bytes of a unit, checked against its CRC. They may be a view into `unit.encoded` or a baseline.
 *
 * It never guesses: what the unit states is done, or the unit is refused.
 *
 * @throws {@link DwcpError} `dwcp.decode`, `dwcp.limit` and `dwcp.protocol` for what cannot be decoded; `dwcp.unit_crc` for a
 *   wrong result; `dwcp.baseline_missing` and `dwcp.dict_missing` for an unknown slot.
 * @see spec/dwcp.md B5
 */
export function decodeUnit(unit: UnitBody, context: DecodeContext): Uint8Array {
  const { limits, platform } = context;
  if (unit.rawBytes > limits.maxUnitRawBytes) {
    throw new DwcpError("dwcp.limit", `unit of ${unit.rawBytes} bytes`);
  }
  const raw = decodeCodec(unit, context);
  const rawCrc = unit.codec === Codec.ZERO ? zeroCrc(raw.length) : platform.crc32(raw);
  if (raw.length !== unit.rawBytes || rawCrc !== unit.rawCrc) {
    throw new DwcpError(
      "dwcp.unit_crc",
      `the CRC of ${unit.rawBytes} bytes at ${unit.rawOffset} does not match`,
    );
  }
  return raw;
}

function decodeCodec(unit: UnitBody, context: DecodeContext): Uint8Array {
  const { encoded, rawBytes, codec, codecFlags } = unit;
  const { zstd } = context.platform;
  if (
    codecFlags !== 0 &&
    codec !== Codec.PREFIX_ZSTD &&
    codec !== Codec.PAGES &&
    codec !== Codec.COPYLIT &&
    codec !== Codec.JOINT_ZSTD
  ) {
    throw new DwcpError("dwcp.decode", `flags ${codecFlags} on codec ${codec}`);
  }
  if (unit.dictionarySlot !== 0 && codec !== Codec.ZSTD) {
    throw new DwcpError("dwcp.decode", `a dictionary for codec ${codec}`);
  }
  switch (codec) {
    case Codec.RAW:
      requireBytes(encoded, rawBytes);
      return encoded;
    case Codec.ZSTD:
      return decompressFrame(zstd, encoded, rawBytes, context.limits, dictionaryOf(unit, context));
    case Codec.ZERO:
      requireBytes(encoded, 0);
      return new Uint8Array(rawBytes);
    case Codec.SAME:
      requireBytes(encoded, 0);
      return sliceOf(baselineOf(unit, context), unit.rawOffset, rawBytes);
    case Codec.XOR_ZSTD: {
      const baseline = baselineOf(unit, context);
      const raw = decompressFrame(zstd, encoded, rawBytes, context.limits);
      return xorInto(raw, overlapOf(baseline, unit.rawOffset, rawBytes));
    }
    case Codec.PREFIX_ZSTD:
      return decodePrefix(unit, baselineOf(unit, context), context);
    case Codec.JOINT_ZSTD:
      return decodePrefix(unit, jointOf(unit, context), context);
    case Codec.PAGES:
      return decodePages(unit, context);
    case Codec.COPYLIT:
      return decodeCopyLit(unit, context);
    case Codec.BSDIFF:
      return decodeBsdiff(unit, context);
    default:
      throw new DwcpError("dwcp.decode", `unknown codec ${String(codec)}`);
  }
}

function decodePrefix(unit: UnitBody, baseline: ByteSource, context: DecodeContext): Uint8Array {
  const { limits, platform } = context;
  const reader = new NetworkReader(unit.encoded);
  const lists = openLists(reader, unit.codecFlags, platform.zstd, limits);
  const ranges = readRanges(lists, unit.rawOffset, baseline.length, limits);
  const prefix = gatherRanges(baseline, ranges);
  return decompressFrame(platform.zstd, reader.rest(), unit.rawBytes, limits, prefix);
}

function decodePages(unit: UnitBody, context: DecodeContext): Uint8Array {
  const { limits, platform, pageBytes } = context;
  const { rawOffset, rawBytes } = unit;
  // Without a baseline there are literal and zero pages only.
  const baseline = unit.baselineSlot === SLOT_NONE ? EMPTY : baselineOf(unit, context);
  if (rawOffset % pageBytes !== 0) {
    throw new DwcpError("dwcp.decode", `PAGES at ${rawOffset}, which is no page of ${pageBytes}`);
  }
  const reader = new NetworkReader(unit.encoded);
  const lists = openLists(reader, unit.codecFlags, platform.zstd, limits);
  const firstPage = rawOffset / pageBytes;
  const pages = Math.ceil(rawBytes / pageBytes);
  const runs = readPageRuns(lists.view(lists.varint()), pages, firstPage);
  const prefix = gatherRanges(baseline, readRanges(lists, rawOffset, baseline.length, limits));
  const spans = placeRuns(runs, rawBytes, pageBytes);
  const literals = spans.filter(({ run }) => run.kind === PageKind.LITERAL);
  const literalBytes = literals.reduce((sum, { length }) => sum + length, 0);
  const codec = reader.u8();
  const bytes = decodeLiterals(
    { codec, bytes: reader.rest() },
    literalBytes,
    platform.zstd,
    limits,
    prefix,
    () => {
      const base = new Uint8Array(literalBytes);
      let at = 0;
      for (const { start, length } of literals) {
        base.set(overlapOf(baseline, rawOffset + start, length), at);
        at += length;
      }
      return base;
    },
  );
  const into = new Uint8Array(rawBytes);
  let literalAt = 0;
  for (const { run, start, length } of spans) {
    if (run.kind === PageKind.LITERAL) {
      into.set(bytes.subarray(literalAt, literalAt + length), start);
      literalAt += length;
    } else if (run.kind === PageKind.SAME) {
      into.set(sliceOf(baseline, rawOffset + start, length), start);
    } else if (run.kind === PageKind.COPY) {
      into.set(sliceOf(baseline, run.source * pageBytes, length), start);
    }
  }
  return into;
}

interface PlacedRun {
  readonly run: PageRun;
  /** From the start of the unit, in bytes. */
  readonly start: number;
  /** The last page of an object may be short. */
  readonly length: number;
}

function placeRuns(runs: readonly PageRun[], rawBytes: number, pageBytes: number): PlacedRun[] {
  let start = 0;
  return runs.map((run) => {
    const length = Math.min(run.pages * pageBytes, rawBytes - start);
    const placed = { run, start, length };
    start += length;
    return placed;
  });
}

function decodeCopyLit(unit: UnitBody, context: DecodeContext): Uint8Array {
  const { limits, platform } = context;
  const baseline = baselineOf(unit, context);
  const reader = new NetworkReader(unit.encoded);
  const lists = openLists(reader, unit.codecFlags, platform.zstd, limits);
  const opBytes = lists.view(lists.varint());
  const ops = readCopyOps(opBytes, unit.rawBytes, unit.rawOffset, baseline.length);
  const ranges = readRanges(lists, unit.rawOffset, baseline.length, limits);
  const literalBytes = ops.reduce((sum, op) => sum + (op.kind === "literal" ? op.length : 0), 0);
  const literals = decodeLiterals(
    { codec: reader.u8(), bytes: reader.rest() },
    literalBytes,
    platform.zstd,
    limits,
    gatherRanges(baseline, ranges),
  );
  const into = new Uint8Array(unit.rawBytes);
  let at = 0;
  let literalAt = 0;
  for (const op of ops) {
    if (op.kind === "copy") into.set(baseline.read(op.offset, op.length), at);
    else {
      into.set(literals.subarray(literalAt, literalAt + op.length), at);
      literalAt += op.length;
    }
    at += op.length;
  }
  return into;
}

function decodeBsdiff(unit: UnitBody, context: DecodeContext): Uint8Array {
  const baseline = baselineOf(unit, context);
  const { limits, platform } = context;
  if (Math.max(baseline.length, unit.rawBytes) > limits.maxBsdiffBytes) {
    throw new DwcpError("dwcp.limit", `BSDIFF of ${unit.rawBytes} bytes on ${baseline.length}`);
  }
  const old = baseline.read(0, baseline.length);
  return applyBsdiff(unit.encoded, old, unit.rawBytes, platform.zstd, limits);
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

function sliceOf(baseline: ByteSource, offset: number, length: number): Uint8Array {
  if (length > baseline.length - offset) {
    throw new DwcpError("dwcp.decode", `${length} bytes at ${offset} of ${baseline.length}`);
  }
  return baseline.read(offset, length);
}

function overlapOf(baseline: ByteSource, offset: number, length: number): Uint8Array {
  const there = Math.max(0, Math.min(length, baseline.length - offset));
  return there === 0 ? EMPTY.read(0, 0) : baseline.read(offset, there);
}

function requireBytes(encoded: Uint8Array, expected: number): void {
  if (encoded.length !== expected) {
    throw new DwcpError("dwcp.decode", `${encoded.length} encoded bytes where ${expected} belong`);
  }
}
