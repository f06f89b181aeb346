import type { BsdiffControl, BsdiffPatch } from "./bsdiff-patch.js";

// How many more bytes than the present alignment a new one has to match to be worth a step.
const MARGIN = 8;
// A match of so many bytes that the present alignment has too, but for a few, is passed over as a whole. Looked at byte by byte, bytes that
// repeat for long would be compared all over again at each of them: minutes for a MiB of memory.
const LONG_MATCH = 64;

/** A baseline with its suffixes sorted: what BSDIFF searches. spec/dwcp.md B11 */
export interface SortedBaseline {
  readonly bytes: Uint8Array;
  /** Of `suffixArray`. */
  readonly suffixes: Int32Array;
}

interface Match {
  readonly position: number;
  readonly length: number;
}

/**
 * Finds how `raw` can be made of the baseline: long matches that may differ in single bytes, and what is left.
 *
 * @see spec/dwcp.md B11
 */
export function diffBytes(raw: Uint8Array, old: SortedBaseline): BsdiffPatch {
  const controls: BsdiffControl[] = [];
  const differences: Uint8Array[] = [];
  const extras: Uint8Array[] = [];
  const oldBytes = old.bytes;
  // Where the current alignment began, and its distance to the baseline.
  let lastRaw = 0;
  let lastOld = 0;
  let distance = 0;
  let scan = 0;
  let match: Match = { position: 0, length: 0 };
  while (scan < raw.length) {
    let score = 0;
    scan += match.length;
    for (let scored = scan; scan < raw.length; scan++) {
      match = longestMatch(old, raw, scan);
      // How well the present alignment would do on the same bytes.
      for (; scored < scan + match.length; scored++) {
        if (oldBytes[scored + distance] === raw[scored]) score++;
      }
      if (match.length > 0 && (match.length === score || match.length >= LONG_MATCH)) break;
      if (match.length > score + MARGIN) break;
      if (oldBytes[scan + distance] === raw[scan]) score--;
    }
    if (scan < raw.length && isContinued(match, score)) continue;

    let forward = forwardLength(raw, lastRaw, scan, oldBytes, lastOld);
    let backward = scan < raw.length ? backwardLength(raw, lastRaw, scan, oldBytes, match) : 0;
    const overlap = lastRaw + forward - (scan - backward);
    if (overlap > 0) {
      const kept = splitOverlap(raw, oldBytes, {
        overlap,
        rawEnd: lastRaw + forward,
        oldEnd: lastOld + forward,
        rawStart: scan - backward,
        oldStart: match.position - backward,
      });
      forward += kept - overlap;
      backward -= kept;
    }
    differences.push(difference(raw, lastRaw, oldBytes, lastOld, forward));
    const copy = scan - backward - (lastRaw + forward);
    extras.push(raw.subarray(lastRaw + forward, lastRaw + forward + copy));
    const seek = match.position - backward - (lastOld + forward);
    controls.push({ add: forward, copy, seek: scan < raw.length ? seek : 0 });
    lastRaw = scan - backward;
    lastOld = match.position - backward;
    distance = match.position - scan;
  }
  return { controls, difference: joined(differences), extra: joined(extras) };
}

function isContinued({ length }: Match, score: number): boolean {
  return length === score || (length >= LONG_MATCH && length <= score + MARGIN);
}

// The longest prefix of what follows `from` that stands anywhere in the baseline: a binary search over its suffixes.
function longestMatch({ bytes, suffixes }: SortedBaseline, raw: Uint8Array, from: number): Match {
  let low = 0;
  let high = suffixes.length - 1;
  if (high < 0) return { position: 0, length: 0 };
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (isAbove(bytes, suffixes[middle] ?? 0, raw, from)) low = middle;
    else high = middle;
  }
  const first = suffixes[low] ?? 0;
  const second = suffixes[high] ?? 0;
  const firstLength = commonLength(bytes, first, raw, from);
  const secondLength = commonLength(bytes, second, raw, from);
  return firstLength > secondLength
    ? { position: first, length: firstLength }
    : { position: second, length: secondLength };
}

// Whether the wanted bytes sort behind the suffix.
function isAbove(bytes: Uint8Array, suffix: number, raw: Uint8Array, from: number): boolean {
  const length = commonLength(bytes, suffix, raw, from);
  if (from + length >= raw.length) return false;
  if (suffix + length >= bytes.length) return true;
  return (raw[from + length] ?? 0) > (bytes[suffix + length] ?? 0);
}

function commonLength(bytes: Uint8Array, suffix: number, raw: Uint8Array, from: number): number {
  const limit = Math.min(bytes.length - suffix, raw.length - from);
  let length = 0;
  while (length < limit && bytes[suffix + length] === raw[from + length]) length++;
  return length;
}

// How far the last alignment is worth keeping: where matches minus mismatches are the most.
function forwardLength(
  raw: Uint8Array,
  lastRaw: number,
  end: number,
  old: Uint8Array,
  lastOld: number,
): number {
  let score = 0;
  let best = 0;
  let length = 0;
  for (let at = 0; lastRaw + at < end && lastOld + at < old.length; at++) {
    if (old[lastOld + at] === raw[lastRaw + at]) score++;
    if (2 * score - (at + 1) > 2 * best - length) {
      best = score;
      length = at + 1;
    }
  }
  return length;
}

// The same for the new alignment, going back from where it was found.
function backwardLength(
  raw: Uint8Array,
  lastRaw: number,
  scan: number,
  old: Uint8Array,
  match: Match,
): number {
  let score = 0;
  let best = 0;
  let length = 0;
  for (let at = 1; scan - at >= lastRaw && match.position - at >= 0; at++) {
    if (old[match.position - at] === raw[scan - at]) score++;
    if (2 * score - at > 2 * best - length) {
      best = score;
      length = at;
    }
  }
  return length;
}

interface Overlap {
  readonly overlap: number;
  readonly rawEnd: number;
  readonly oldEnd: number;
  readonly rawStart: number;
  readonly oldStart: number;
}

// How many of the overlapping bytes the earlier alignment keeps.
function splitOverlap(
  raw: Uint8Array,
  old: Uint8Array,
  { overlap, rawEnd, oldEnd, rawStart, oldStart }: Overlap,
): number {
  let score = 0;
  let best = 0;
  let kept = 0;
  for (let at = 0; at < overlap; at++) {
    if (raw[rawEnd - overlap + at] === old[oldEnd - overlap + at]) score++;
    if (raw[rawStart + at] === old[oldStart + at]) score--;
    if (score > best) {
      best = score;
      kept = at + 1;
    }
  }
  return kept;
}

function difference(
  raw: Uint8Array,
  rawAt: number,
  old: Uint8Array,
  oldAt: number,
  length: number,
): Uint8Array {
  const made = new Uint8Array(length);
  for (let at = 0; at < length; at++) made[at] = (raw[rawAt + at] ?? 0) - (old[oldAt + at] ?? 0);
  return made;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
