import { Codec } from "../wire/codec.js";
import type { ByteSource } from "./byte-source.js";
import { type CopyOp, literalBytesOf, writeCopyOps } from "./copy-ops.js";
import type { UnitSettings } from "./encode-unit.js";
import { type EncodedBody, joinParts } from "./encoded-body.js";
import { MAX_LIST_BYTES } from "./lists.js";
import { encodeLiterals } from "./literal-codecs.js";
import { type ByteRange, gatherRanges, joinRanges } from "./ranges.js";

const MARGIN_BYTES = 512;
const MAX_GAP_BYTES = 65_536;
const MAX_PREFIX_BYTES = 1_048_576;

/**
 * Encodes the steps of COPYLIT; literals are compressed with what stands around the copies' ends in the baseline.
 *
 * @returns `undefined` when there are so many steps that another encoding is the better one in any case.
 * @see spec/dwcp.md B5, B10
 */
export function encodeCopyLit(
  raw: Uint8Array,
  rawOffset: number,
  ops: readonly CopyOp[],
  baseline: ByteSource,
  slot: number,
  { platform, level, prefixMemory }: UnitSettings,
): EncodedBody | undefined {
  const opBytes = writeCopyOps(ops, rawOffset);
  if (opBytes.length > MAX_LIST_BYTES / 2) return undefined;
  const ranges = neighbourhoods(ops, rawOffset, baseline.length);
  const literalBytes = literalBytesOf(ops);
  const { prefix, behind } = gatherRanges(baseline, ranges, literalBytes, prefixMemory);
  let at = 0;
  let filled = 0;
  for (const op of ops) {
    if (op.kind === "literal") {
      behind.set(raw.subarray(at, at + op.length), filled);
      filled += op.length;
    }
    at += op.length;
  }
  const { zstd } = platform;
  const packed = encodeLiterals(behind, prefix, zstd, level);
  const used = packed.codec === Codec.PREFIX_ZSTD ? ranges : [];
  return {
    codec: Codec.COPYLIT,
    baselineSlot: slot,
    dictionarySlot: 0,
    ...joinParts(opBytes, used, rawOffset, packed, zstd),
  };
}

// What stands in the baseline where the literals stand in the new bytes.
function neighbourhoods(
  ops: readonly CopyOp[],
  rawOffset: number,
  baselineBytes: number,
): readonly ByteRange[] {
  const ranges: ByteRange[] = [];
  let total = 0;
  let end = Math.min(rawOffset, baselineBytes);
  for (const [at, op] of ops.entries()) {
    if (op.kind === "copy") {
      end = op.offset + op.length;
      continue;
    }
    const next = ops[at + 1];
    const gap = next?.kind === "copy" ? next.offset - end : -1;
    const length = gap >= 0 && gap <= MAX_GAP_BYTES ? gap : 2 * op.length;
    const from = Math.max(0, end - MARGIN_BYTES);
    const to = Math.min(baselineBytes, end + length + MARGIN_BYTES);
    total += to - from;
    if (total > MAX_PREFIX_BYTES) break;
    if (to > from) ranges.push({ offset: from, length: to - from });
  }
  return joinRanges(ranges, 64);
}
