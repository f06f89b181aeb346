import type { ByteSource } from "./byte-source.js";
import type { CopyOp } from "./copy-ops.js";

// Shorter copies cost more than the literals they replace.
const MIN_COPY_BYTES = 32;
const COMPARE_BYTES = 4_096;

/**
 * Builds the steps of COPYLIT from guesses where bytes stand in the baseline. Guesses come in ascending order; each is
 * compared, extended both ways byte by byte, and left out when it holds too little.
 *
 * @see spec/dwcp.md B10, B11
 */
export class CopyBuilder {
  readonly #raw: Uint8Array;
  readonly #baseline: ByteSource;
  readonly #ops: CopyOp[] = [];
  #done = 0;
  // Baseline position minus position in the unit, of the last copy.
  #diagonal: number;

  /** `rawOffset` is where the unit stands: the first guess that is tried is the same place. */
  constructor(raw: Uint8Array, baseline: ByteSource, rawOffset: number) {
    this.#raw = raw;
    this.#baseline = baseline;
    this.#diagonal = rawOffset;
  }

  /** Bytes that are covered so far, from the start of the unit. */
  get done(): number {
    return this.#done;
  }

  /** Tries whether the last copy goes on at `position`, where something else came between. */
  tryDiagonal(position: number): boolean {
    return this.tryCopy(position, position + this.#diagonal);
  }

  /** Tries whether the byte at `position` of the unit stands at `source` of the baseline, with enough around it. */
  tryCopy(position: number, source: number): boolean {
    if (position < this.#done || source < 0 || source >= this.#baseline.length) return false;
    const ahead = this.#forward(position, source);
    if (ahead === 0) return false;
    const behind = this.#backward(position, source);
    if (ahead + behind < MIN_COPY_BYTES) return false;
    const start = position - behind;
    if (start > this.#done) this.#ops.push({ kind: "literal", length: start - this.#done });
    this.#ops.push({ kind: "copy", offset: source - behind, length: ahead + behind });
    this.#done = position + ahead;
    this.#diagonal = source - position;
    return true;
  }

  /** Ends the unit with literals, and gives the steps. */
  finish(): readonly CopyOp[] {
    const rest = this.#raw.length - this.#done;
    if (rest > 0) this.#ops.push({ kind: "literal", length: rest });
    this.#done = this.#raw.length;
    return this.#ops;
  }

  #forward(position: number, source: number): number {
    const limit = Math.min(this.#raw.length - position, this.#baseline.length - source);
    let matched = 0;
    while (matched < limit) {
      const length = Math.min(COMPARE_BYTES, limit - matched);
      const old = this.#baseline.read(source + matched, length);
      for (let at = 0; at < length; at++) {
        if (old[at] !== this.#raw[position + matched + at]) return matched + at;
      }
      matched += length;
    }
    return matched;
  }

  #backward(position: number, source: number): number {
    const limit = Math.min(position - this.#done, source);
    let matched = 0;
    while (matched < limit) {
      const length = Math.min(COMPARE_BYTES, limit - matched);
      const old = this.#baseline.read(source - matched - length, length);
      for (let at = 1; at <= length; at++) {
        if (old[length - at] !== this.#raw[position - matched - at]) return matched + at - 1;
      }
      matched += length;
    }
    return matched;
  }
}
