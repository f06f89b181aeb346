import { Codec } from "../wire/codec.js";
import type { AnchoredPart } from "./anchor-engine.js";
import type { AnchorScan } from "./anchor-scan.js";
import type { CopyOp } from "./copy-ops.js";
import { encodeCopyLit } from "./encode-copylit.js";
import { encodePrefix, type UnitSettings } from "./encode-unit.js";
import type { EncodedBody } from "./encoded-body.js";
import type { HdePlatform } from "./hde-platform.js";
import { jointSource } from "./joint-source.js";
import { type ByteRange, joinRanges } from "./ranges.js";
import type { Reference } from "./reference.js";

// Copies that cover this share of a unit at other places say that the data are shifted.
const SHIFTED_SHARE = 0.2;
// What is around a copy, in bytes.
const COPY_MARGIN_BYTES = 4_096;
// A prefix of more than this many times the unit is more than its tables cover. spec/dwcp.md B11
const MAX_SHIFTED_PREFIX = 4;

/** A unit whose content stands elsewhere in what the receiver has. */
export interface ShiftedUnit {
  /** Its bytes. */
  readonly raw: Uint8Array;
  /** Where it stands in the object, in bytes. */
  readonly rawOffset: number;
  /** Its anchors. */
  readonly scan: AnchorScan;
  /** The baseline, or what the receiver has of the object where there is none. */
  readonly reference: Reference;
  /** What the receiver has of the object, beside a baseline. */
  readonly own: Reference | undefined;
  /** Copies from `reference`, and behind it from `own`. */
  readonly ops: readonly CopyOp[];
}

/**
 * Looks for the content of a unit elsewhere; `undefined` when pages say as much.
 *
 * @param literalBytes What is left of the unit once known pages are taken out.
 */
export function findShifted(
  unit: Omit<ShiftedUnit, "ops">,
  literalBytes: number,
  { anchors: engine }: Pick<HdePlatform, "anchors">,
): ShiftedUnit | undefined {
  const { raw, rawOffset, scan, reference, own } = unit;
  if (reference.anchors === undefined || reference.source.length === 0) return undefined;
  const parts = [partOf(reference), own && partOf(own)] as const;
  const ops = engine.match(raw, rawOffset, parts, scan);
  const copied = ops.reduce((sum, op) => (op.kind === "copy" ? sum + op.length : sum), 0);
  const known = raw.length - literalBytes;
  return copied - known >= SHIFTED_SHARE * literalBytes ? { ...unit, ops } : undefined;
}

/** Encodes as copies and literals; `undefined` where that cannot be the shortest. spec/dwcp.md B10 */
export function encodeCopies(
  { raw, rawOffset, scan, reference, own, ops }: ShiftedUnit,
  settings: UnitSettings,
): EncodedBody | undefined {
  const { source, slot } = reference;
  const { anchors: engine } = settings.platform;
  const fromOne = own === undefined ? ops : engine.match(raw, rawOffset, [partOf(reference)], scan);
  return encodeCopyLit(raw, rawOffset, fromOne, source, slot, settings);
}

/** Compresses with the places before it that copies would come from; `undefined` where they are too much. spec/dwcp.md B10 */
export function encodeNearCopies(
  { raw, rawOffset, reference, own, ops }: ShiftedUnit,
  settings: UnitSettings,
): EncodedBody | undefined {
  const { source, slot } = reference;
  const whole = own === undefined ? source : jointSource(source, own.source);
  const ranges = copiedRanges(ops, whole.length);
  const total = ranges.reduce((sum, { length }) => sum + length, 0);
  if (settings.level === 0 || total > MAX_SHIFTED_PREFIX * raw.length) return undefined;
  // Where nothing of the object's own is needed, the unit does not depend on it.
  const isJoint = ranges.some(({ offset, length }) => offset + length > source.length);
  return isJoint
    ? encodePrefix(raw, rawOffset, ranges, { source: whole, slot }, settings, Codec.JOINT_ZSTD)
    : encodePrefix(raw, rawOffset, ranges, reference, settings);
}

/** Gives what copies from a reference are found by. */
export function partOf({ source, anchors }: Reference): AnchoredPart {
  return { source, slots: anchors?.slots };
}

// Where the copies come from, with what stands around and between them: what zstd finds there itself may be shorter.
function copiedRanges(ops: readonly CopyOp[], sourceBytes: number): readonly ByteRange[] {
  const ranges: ByteRange[] = [];
  for (const op of ops) {
    if (op.kind !== "copy") continue;
    const from = Math.max(0, op.offset - COPY_MARGIN_BYTES);
    const to = Math.min(sourceBytes, op.offset + op.length + COPY_MARGIN_BYTES);
    ranges.push({ offset: from, length: to - from });
  }
  return joinRanges(ranges, COPY_MARGIN_BYTES);
}
