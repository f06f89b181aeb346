import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import type { NetworkReader } from "../wire/network-reader.js";
import type { NetworkWriter } from "../wire/network-writer.js";
import { WorkMemory } from "./work-memory.js";
import type { ByteSource } from "./byte-source.js";

/** A piece of a baseline. */
export interface ByteRange {
  /** Where it begins. */
  readonly offset: number;
  /** How long it is. */
  readonly length: number;
}

/** The most ranges of a unit: more say that something else would be the better encoding. */
const MAX_RANGES = 65_536;

/**
 * Writes the count and, per range, the distance from the end of the one before (the first: from `rawOffset`) and the length.
 *
 * @see spec/dwcp.md B5
 */
export function writeRanges(
  writer: NetworkWriter,
  ranges: readonly ByteRange[],
  rawOffset: number,
): void {
  writer.varint(ranges.length);
  let expected = rawOffset;
  for (const { offset, length } of ranges) {
    writer.signedVarint(offset - expected).varint(length);
    expected = offset + length;
  }
}

/**
 * Reads what {@link writeRanges} wrote; every range lies inside `baselineBytes`, and all of them within the limit.
 *
 * @throws {@link DwcpError} `dwcp.decode`, `dwcp.limit`.
 */
export function readRanges(
  reader: NetworkReader,
  rawOffset: number,
  baselineBytes: number,
  limits: Pick<DwcpLimits, "maxPrefixBytes">,
): readonly ByteRange[] {
  const count = reader.varint();
  if (count > MAX_RANGES) throw new DwcpError("dwcp.limit", `${count} ranges of a prefix`);
  const ranges: ByteRange[] = [];
  let expected = rawOffset;
  let total = 0;
  for (let at = 0; at < count; at++) {
    const offset = expected + reader.signedVarint();
    const length = reader.varint();
    if (offset < 0 || length > baselineBytes - offset) {
      throw new DwcpError("dwcp.decode", `${length} bytes at ${offset} of ${baselineBytes}`);
    }
    total += length;
    if (total > limits.maxPrefixBytes) {
      throw new DwcpError("dwcp.limit", `a prefix of more than ${limits.maxPrefixBytes} bytes`);
    }
    ranges.push({ offset, length });
    expected = offset + length;
  }
  return ranges;
}

/** Gives the ranges of `baseline` behind each other: a view where there is one, in `memory` otherwise. */
export function viewRanges(
  baseline: ByteSource,
  ranges: readonly ByteRange[],
  memory: WorkMemory,
): Uint8Array {
  const [only] = ranges;
  if (only !== undefined && ranges.length === 1) return baseline.read(only.offset, only.length);
  return gatherRanges(baseline, ranges, 0, memory).prefix;
}

/**
 * Puts the ranges of `baseline` behind each other, with room for `more` bytes right behind them: zstd searches a prefix and a
 * source that lie in one piece a fifth faster.
 */
export function gatherRanges(
  baseline: ByteSource,
  ranges: readonly ByteRange[],
  more: number,
  memory: WorkMemory = new WorkMemory(),
): { readonly prefix: Uint8Array<ArrayBuffer>; readonly behind: Uint8Array<ArrayBuffer> } {
  const total = ranges.reduce((sum, { length }) => sum + length, 0);
  const all = memory.take(total + more);
  let at = 0;
  for (const { offset, length } of ranges) {
    all.set(baseline.read(offset, length), at);
    at += length;
  }
  return { prefix: all.subarray(0, total), behind: all.subarray(total) };
}

/** Orders ranges by offset and joins those that touch, overlap, or lie no more than `gap` bytes apart. */
export function joinRanges(ranges: readonly ByteRange[], gap: number): ByteRange[] {
  const sorted = ranges.filter(({ length }) => length > 0).toSorted((a, b) => a.offset - b.offset);
  const joined: { offset: number; length: number }[] = [];
  for (const { offset, length } of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && offset <= last.offset + last.length + gap) {
      last.length = Math.max(last.length, offset + length - last.offset);
    } else joined.push({ offset, length });
  }
  return joined;
}

/** Gives `length` bytes from `offset`; all of them must be there. @throws {@link DwcpError} `dwcp.decode` */
export function sliceOf(baseline: ByteSource, offset: number, length: number): Uint8Array {
  if (length > baseline.length - offset) {
    throw new DwcpError("dwcp.decode", `${length} bytes at ${offset} of ${baseline.length}`);
  }
  return baseline.read(offset, length);
}

/** Gives what `baseline` has of `length` bytes from `offset`. */
export function overlapOf(baseline: ByteSource, offset: number, length: number): Uint8Array {
  const there = Math.max(0, Math.min(length, baseline.length - offset));
  return there === 0 ? new Uint8Array(0) : baseline.read(offset, there);
}
