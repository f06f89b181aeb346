import type { AnchoredBytes, Anchors, Gear } from "@proj/native-io";
import { type AnchorEngine, type AnchoredPart, MAX_SIMILAR_PAGES } from "../hde/anchor-engine.js";
import type { CopyOp } from "../hde/copy-ops.js";
import { ANCHOR_MASK, gear } from "../hde/gear.js";
import { portableAnchors } from "../hde/portable-anchors.js";

const GEAR: Gear = { table: gear, mask: ANCHOR_MASK };
const NO_SLOTS = new Uint32Array(0);
// A step of a copy and one of literals, for copies as short as they may be.
const BYTES_PER_STEP = 16;
const COLUMNS = 2;

/** The loops of the native addon. Copies are looked for in memory only: from files, the portable ones read. */
export function nativeAnchors(native: Anchors): AnchorEngine {
  let rows = new Int32Array(0);
  let steps = new Float64Array(0);
  return {
    scan(bytes, into) {
      for (;;) {
        into.count = native.scan(bytes, GEAR, into);
        if (into.count <= into.positions.length) return;
        into.grow(into.count);
      }
    },
    index(bytes, offset, least, slots) {
      native.index(bytes, offset, least, GEAR, slots);
    },
    similar(scan, { slots, pageBytes, wanted, here }) {
      const room = wanted.length * MAX_SIMILAR_PAGES;
      if (rows.length < room) rows = new Int32Array(2 * room);
      native.similar(scan, scan.count, slots, pageBytes, wanted, here, rows);
      return rows;
    },
    match(raw, rawOffset, parts, scan) {
      const [first, second] = parts;
      const from = inMemory(first);
      const beside = second && inMemory(second);
      if (from === undefined || (second !== undefined && beside === undefined)) {
        return portableAnchors.match(raw, rawOffset, parts, scan);
      }
      const room = COLUMNS * (2 + Math.ceil(raw.length / BYTES_PER_STEP));
      if (steps.length < room) steps = new Float64Array(room);
      const count = native.match(raw, rawOffset, scan, scan.count, [from, beside], steps);
      return opsOf(steps, count);
    },
  };
}

function inMemory({ source, slots = NO_SLOTS }: AnchoredPart): AnchoredBytes | undefined {
  return source.view === undefined ? undefined : { bytes: source.view, slots };
}

function opsOf(steps: Float64Array, count: number): readonly CopyOp[] {
  const ops: CopyOp[] = [];
  for (let at = 0; at < COLUMNS * count; at += COLUMNS) {
    const offset = steps[at] ?? 0;
    const length = steps[at + 1] ?? 0;
    ops.push(offset < 0 ? { kind: "literal", length } : { kind: "copy", offset, length });
  }
  return ops;
}
