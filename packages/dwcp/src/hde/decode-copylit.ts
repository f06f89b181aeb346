import type { UnitBody } from "../wire/chunk.js";
import { NetworkReader } from "../wire/network-reader.js";
import type { ByteSource } from "./byte-source.js";
import { type CopyOp, literalBytesOf, readCopyOps } from "./copy-ops.js";
import type { DecodeContext, DecodeMemory } from "./decode-context.js";
import { openLists } from "./lists.js";
import { decodeLiterals } from "./literals.js";
import { readRanges, viewRanges } from "./ranges.js";

// Copies from within this many times the unit are taken from one read: a file is asked once, not thousands of times.
const WINDOW_FACTOR = 2;
// Below this, bytes one by one are faster than a view.
const SHORT_BYTES = 32;

/**
 * Decodes a unit of COPYLIT.
 *
 * @param allocate Gives the memory for the result, once the lists are known to be good.
 * @throws {@link DwcpError} what `decodeUnit` does.
 * @see spec/dwcp.md B5
 */
export function decodeCopyLit(
  unit: UnitBody,
  baseline: ByteSource,
  { limits, platform }: DecodeContext,
  memory: DecodeMemory,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array {
  const { rawBytes, rawOffset } = unit;
  const reader = new NetworkReader(unit.encoded);
  const lists = openLists(reader, unit.codecFlags, platform.zstd, limits);
  const ops = readCopyOps(lists.view(lists.varint()), rawBytes, rawOffset, baseline.length);
  const ranges = readRanges(lists, rawOffset, baseline.length, limits);
  const codec = reader.u8();
  const literals = decodeLiterals({ codec, bytes: reader.rest() }, literalBytesOf(ops), {
    zstd: platform.zstd,
    limits,
    memory: memory.literals,
    prefix: () => viewRanges(baseline, ranges, memory.prefix),
  });
  const into = allocate(rawBytes);
  layOps(ops, literals, into, baseline);
  return into;
}

// A function of its own: it runs thousands of times per unit, and is compiled without all that stands around it.
function layOps(
  ops: readonly CopyOp[],
  literals: Uint8Array,
  into: Uint8Array,
  baseline: ByteSource,
): void {
  const window = windowOf(ops, baseline, into.length);
  let at = 0;
  let literalAt = 0;
  for (const op of ops) {
    const { length } = op;
    if (op.kind === "literal") {
      copyBytes(literals, literalAt, into, at, length);
      literalAt += length;
    } else if (window === undefined) {
      into.set(baseline.read(op.offset, length), at);
    } else copyBytes(window.bytes, op.offset - window.start, into, at, length);
    at += length;
  }
}

interface Window {
  /** Of the first byte in the baseline. */
  readonly start: number;
  readonly bytes: Uint8Array;
}

// The stretch that all copies come from, where it is short enough to be read at once.
function windowOf(
  ops: readonly CopyOp[],
  baseline: ByteSource,
  rawBytes: number,
): Window | undefined {
  let start = baseline.length;
  let end = 0;
  for (const op of ops) {
    if (op.kind !== "copy") continue;
    start = Math.min(start, op.offset);
    end = Math.max(end, op.offset + op.length);
  }
  if (end <= start || end - start > WINDOW_FACTOR * rawBytes) return undefined;
  return { start, bytes: baseline.read(start, end - start) };
}

function copyBytes(
  from: Uint8Array,
  start: number,
  into: Uint8Array,
  at: number,
  length: number,
): void {
  if (length >= SHORT_BYTES) into.set(from.subarray(start, start + length), at);
  else for (let byte = 0; byte < length; byte++) into[at + byte] = from[start + byte] ?? 0;
}
