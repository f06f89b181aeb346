import { formatHex } from "@proj/wire-types";
import type { HdePlatform } from "../hde/hde-platform.js";

/** How long a segment of a dictionary is: d-mers are scored inside it. spec/dwcp.md B11 */
export const SEGMENT_BYTES = 1_024;
/** What the held-out samples must save for a dictionary to be accepted. spec/dwcp.md B11 */
export const MIN_HELD_OUT_GAIN = 0.03;

const DMER_BYTES = 8;
const TABLE_BITS = 20;
const SPREAD = 0x9e3779b1;
const HELD_OUT = 5;
const LEVEL = 3;
const MIN_SAMPLES = 10;

/** Bytes that samples of one class have in common. */
export interface Dictionary {
  /** Its SHA-256, in hexadecimal. */
  readonly id: string;
  /** What is handed to the compressor. */
  readonly bytes: Uint8Array;
  /** How much smaller the held-out samples got by it: 0.4 is 40 %. */
  readonly heldOutGain: number;
}

/** What training gave, or why it gave nothing. */
export type TrainingResult =
  | { readonly kind: "trained"; readonly dictionary: Dictionary }
  | { readonly kind: "rejected"; readonly reason: string; readonly heldOutGain: number };

/**
 * Trains a raw-content dictionary: the segments of the samples whose 8-byte strings occur in the most samples, the best at the
 * end, where references to them are shortest. Four fifths of the samples train, the rest judges.
 *
 * @param maxBytes The longest dictionary.
 * @see spec/dwcp.md B11
 */
export function trainDictionary(
  samples: readonly Uint8Array[],
  maxBytes: number,
  platform: Pick<HdePlatform, "zstd" | "sha256">,
): TrainingResult {
  if (samples.length < MIN_SAMPLES) {
    return { kind: "rejected", reason: `${samples.length} samples`, heldOutGain: 0 };
  }
  const training = samples.filter((_, at) => at % HELD_OUT !== 0);
  const heldOut = samples.filter((_, at) => at % HELD_OUT === 0);
  const bytes = joinSegments(chooseSegments(training, maxBytes));
  if (bytes.length === 0) {
    return { kind: "rejected", reason: "nothing occurs in two samples", heldOutGain: 0 };
  }
  const alone = sizeOf(heldOut, platform, undefined);
  const learned = sizeOf(heldOut, platform, bytes);
  const heldOutGain = alone === 0 ? 0 : 1 - learned / alone;
  if (heldOutGain < MIN_HELD_OUT_GAIN) {
    return { kind: "rejected", reason: "the held-out samples hardly shrink", heldOutGain };
  }
  const id = formatHex(platform.sha256(bytes));
  return { kind: "trained", dictionary: { id, bytes, heldOutGain } };
}

interface Segment {
  readonly bytes: Uint8Array;
  readonly score: number;
}

// In as many rounds as segments fit, each over an equal share of the samples: the best segment there, and its strings are
// worth nothing from then on.
function chooseSegments(samples: readonly Uint8Array[], maxBytes: number): readonly Segment[] {
  const counts = countStrings(samples);
  const rounds = Math.max(1, Math.floor(maxBytes / SEGMENT_BYTES));
  const share = Math.max(1, Math.ceil(samples.length / rounds));
  const chosen: Segment[] = [];
  let room = maxBytes;
  for (let pass = 0; pass < rounds && room > DMER_BYTES; pass++) {
    let found = false;
    for (let at = 0; at < samples.length && room > DMER_BYTES; at += share) {
      const best = bestSegment(samples.slice(at, at + share), counts, room);
      if (best === undefined) continue;
      forgetStrings(best.bytes, counts);
      chosen.push(best);
      room -= best.bytes.length;
      found = true;
    }
    if (!found) break;
  }
  return chosen;
}

// In how many samples each string occurs; strings share counters where their hashes meet.
function countStrings(samples: readonly Uint8Array[]): Uint16Array {
  const counts = new Uint16Array(2 ** TABLE_BITS);
  const seenIn = new Int32Array(2 ** TABLE_BITS).fill(-1);
  for (const [number, sample] of samples.entries()) {
    for (let at = 0; at + DMER_BYTES <= sample.length; at++) {
      const slot = slotOf(sample, at);
      if (seenIn[slot] === number) continue;
      seenIn[slot] = number;
      counts[slot] = Math.min(0xffff, (counts[slot] ?? 0) + 1);
    }
  }
  return counts;
}

function bestSegment(
  samples: readonly Uint8Array[],
  counts: Uint16Array,
  room: number,
): Segment | undefined {
  let best: Segment | undefined;
  for (const sample of samples) {
    const window = Math.min(SEGMENT_BYTES, room, sample.length) - DMER_BYTES + 1;
    let score = 0;
    for (let at = 0; at + DMER_BYTES <= sample.length; at++) {
      score += worthOf(counts[slotOf(sample, at)] ?? 0);
      const leaving = at - window;
      if (leaving >= 0) score -= worthOf(counts[slotOf(sample, leaving)] ?? 0);
      if (score > 0 && score > (best?.score ?? 0)) {
        const start = Math.max(0, leaving + 1);
        best = { bytes: sample.subarray(start, at + DMER_BYTES), score };
      }
    }
  }
  return best;
}

// A string of a single sample helps no other.
function worthOf(count: number): number {
  return count > 1 ? count : 0;
}

function forgetStrings(segment: Uint8Array, counts: Uint16Array): void {
  for (let at = 0; at + DMER_BYTES <= segment.length; at++) counts[slotOf(segment, at)] = 0;
}

function joinSegments(segments: readonly Segment[]): Uint8Array {
  const ascending = segments.toSorted((a, b) => a.score - b.score);
  const bytes = new Uint8Array(ascending.reduce((sum, segment) => sum + segment.bytes.length, 0));
  let at = 0;
  for (const segment of ascending) {
    bytes.set(segment.bytes, at);
    at += segment.bytes.length;
  }
  return bytes;
}

function slotOf(bytes: Uint8Array, at: number): number {
  const low = wordAt(bytes, at);
  const high = wordAt(bytes, at + 4);
  return Math.imul(Math.imul(low, SPREAD) ^ high, SPREAD) >>> (32 - TABLE_BITS);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

function sizeOf(
  samples: readonly Uint8Array[],
  { zstd }: Pick<HdePlatform, "zstd">,
  prefix: Uint8Array | undefined,
): number {
  return samples.reduce(
    (sum, sample) => sum + zstd.compress(sample, { level: LEVEL, prefix }).length,
    0,
  );
}
