import type { PacketBatch } from "../crypto/packet-batch.js";
import type { IntervalSet } from "./interval-set.js";
import type { Region } from "./region-pool.js";

/**
 * The memory of one buffer: regions side by side, all but the last of which are full. They go back one by one.
 *
 * @see spec/dcquic.md §8.3
 */
export class RegionSpan {
  /** Bytes it holds; the last region may be longer. */
  readonly bytes: number;
  readonly #regions: (Region | undefined)[];
  readonly #starts: readonly number[];
  #nextRelease = 0;

  /** Lays `regions` side by side. */
  constructor(bytes: number, regions: Region[]) {
    let total = 0;
    this.bytes = bytes;
    this.#regions = regions;
    this.#starts = regions.map((region) => {
      const start = total;
      total += region.bytes.length;
      return start;
    });
  }

  /** The memory of all regions, in order. @throws RangeError if any of them was given back. */
  get memory(): readonly Uint8Array[] {
    return this.#starts.map((_, i) => this.#regionOf(i).bytes);
  }

  /** @throws RangeError for bytes that the buffer does not have. */
  check(offset: number, length: number): void {
    if (offset < 0 || offset + length > this.bytes) {
      throw new RangeError(`${length} bytes at ${offset} of a buffer of ${this.bytes}`);
    }
  }

  /** Writes bytes. */
  write(offset: number, bytes: Uint8Array): void {
    let done = 0;
    for (let i = this.#indexAt(offset); done < bytes.length; i++) {
      const region = this.#regionOf(i);
      const at = offset + done - this.#startOf(i);
      const part = Math.min(bytes.length - done, region.bytes.length - at);
      region.bytes.set(bytes.subarray(done, done + part), at);
      done += part;
    }
  }

  /** Lends `length` bytes, or `undefined` where they lie in more than one region. */
  lend(offset: number, length: number): Uint8Array | undefined {
    const index = this.#indexAt(offset);
    const { bytes } = this.#regionOf(index);
    const at = offset - this.#startOf(index);
    return at + length > bytes.length ? undefined : bytes.subarray(at, at + length);
  }

  /** Has `copies` copy `length` bytes from `offset` on to `at` of `into`. @throws RangeError for bytes that were given back. */
  copyOut(
    offset: number,
    length: number,
    into: Uint8Array,
    at: number,
    copies: Pick<PacketBatch, "copy">,
  ): void {
    let done = 0;
    for (let i = this.#indexAt(offset); done < length; i++) {
      const region = this.#regionOf(i);
      const from = offset + done - this.#startOf(i);
      const part = Math.min(length - done, region.bytes.length - from);
      copies.copy(region.bytes, from, into, at + done, part);
      done += part;
    }
  }

  /** Whether the bytes `start … end` are still here. */
  holds(start: number, end: number): boolean {
    if (start < 0 || end > this.bytes) return false;
    if (end <= start) return true;
    for (let i = this.#indexAt(start); i < this.#starts.length; i++) {
      if (this.#startOf(i) >= end) return true;
      if (this.#regions[i] === undefined) return false;
    }
    return true;
  }

  /** Gives back what is left. */
  giveAll(give: (region: Region) => void): void {
    for (let i = 0; i < this.#regions.length; i++) this.#give(i, give);
  }

  /** Gives back the regions from the front on whose bytes are in each set of `acked`; says whether there were any. */
  giveFront(acked: ReadonlySet<IntervalSet>, give: (region: Region) => void): boolean {
    const first = this.#nextRelease;
    for (;;) {
      const start = this.#starts[this.#nextRelease];
      if (start === undefined) break;
      const end = Math.min(this.#starts[this.#nextRelease + 1] ?? this.bytes, this.bytes);
      if (!areIn(acked, start, end)) break;
      this.#give(this.#nextRelease, give);
      this.#nextRelease += 1;
    }
    return this.#nextRelease > first;
  }

  // Harmless for one that was given back.
  #give(index: number, give: (region: Region) => void): void {
    const region = this.#regions[index];
    if (region === undefined) return;
    this.#regions[index] = undefined;
    give(region);
  }

  #startOf(index: number): number {
    return this.#starts[index] ?? 0;
  }

  #indexAt(offset: number): number {
    let index = this.#starts.length - 1;
    while (index > 0 && this.#startOf(index) > offset) index--;
    return index;
  }

  #regionOf(index: number): Region {
    const region = this.#regions[index];
    if (region === undefined) throw new RangeError(`region ${index} was returned to its pool`);
    return region;
  }
}

function areIn(acked: ReadonlySet<IntervalSet>, start: number, end: number): boolean {
  for (const each of acked) if (!each.covers(start, end)) return false;
  return true;
}
