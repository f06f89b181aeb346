import type { StreamLayout } from "../announce/announce.js";

/** What discovery knows of a stream. */
export interface IndexedStream {
  /** Where its regions lie. */
  readonly layout: StreamLayout;
  /** What it is called; empty where nobody said. */
  readonly name: string;
  /** What it was marked with. */
  readonly tags: readonly string[];
  /** What its source is known as. */
  readonly dataSourceId: bigint | undefined;
}

/** What is asked for: all that is given must hold. spec/tensor-pool.md §16 */
export interface StreamFilter {
  /** The stream. */
  readonly streamId?: number | undefined;
  /** Who writes it. */
  readonly producerId?: number | undefined;
  /** What its source is known as. */
  readonly dataSourceId?: bigint | undefined;
  /** What it is called, to the letter; empty for anything. */
  readonly dataSourceName?: string;
  /** What it is marked with, to the letter. */
  readonly tags?: readonly string[];
}

/** What is said of a stream from outside. */
export interface StreamMarks {
  /** What it is marked with. */
  readonly tags?: readonly string[];
  /** What its source is known as. */
  readonly dataSourceId?: bigint;
}

interface Entry {
  layout: StreamLayout;
  seenNs: bigint;
}

/** Announces that may be missed before a stream is forgotten. spec/tensor-pool.md §16 */
const PERIODS = 3n;
/** Streams that are remembered at most; what is announced beyond them is not. */
const MAX_STREAMS = 65_536;

/** The streams of a driver, as they are announced. spec/tensor-pool.md §16 */
export class DiscoveryIndex {
  readonly #periodNs: bigint;
  readonly #entries = new Map<number, Entry>();
  readonly #names = new Map<number, string>();
  readonly #marks = new Map<number, StreamMarks>();

  /** `periodNs` is how often streams are announced. */
  constructor(periodNs: bigint) {
    this.#periodNs = periodNs;
  }

  /** How many streams it knows. */
  get size(): number {
    return this.#entries.size;
  }

  /** Takes an announce; `clockNs` is now on the clock that it names. @returns Whether it counted. */
  announced(layout: StreamLayout, clockNs: bigint, nowNs: bigint): boolean {
    const ageNs = clockNs - layout.announceTimestampNs;
    const limitNs = PERIODS * this.#periodNs;
    if (ageNs > limitNs || ageNs < -limitNs) return false;
    const known = this.#entries.get(layout.streamId);
    if (known === undefined && this.#entries.size >= MAX_STREAMS) return false;
    if (known !== undefined && layout.epoch < known.layout.epoch) return false;
    this.#entries.set(layout.streamId, { layout, seenNs: nowNs });
    return true;
  }

  /** Takes what a stream is called. */
  named(streamId: number, name: string): void {
    if (this.#names.size < MAX_STREAMS || this.#names.has(streamId))
      this.#names.set(streamId, name);
  }

  /** Sets what a stream is marked with, whether it is there or not. */
  mark(streamId: number, marks: StreamMarks): void {
    this.#marks.set(streamId, marks);
  }

  /** Forgets all streams: the driver has started anew, and may begin below the epochs it had. */
  driverRestarted(): void {
    this.#entries.clear();
  }

  /** Forgets streams that were not announced for too long. */
  tick(nowNs: bigint): void {
    for (const [streamId, { seenNs }] of this.#entries) {
      if (nowNs - seenNs <= PERIODS * this.#periodNs) continue;
      this.#entries.delete(streamId);
      this.#names.delete(streamId);
    }
  }

  /** Finds the streams that a filter lets through, `limit` and one more at most. */
  find(filter: StreamFilter, limit: number): IndexedStream[] {
    const wanted = new Set(filter.tags);
    const found: IndexedStream[] = [];
    for (const { layout } of this.#entries.values()) {
      const stream = this.#describe(layout);
      if (matches(stream, filter, wanted)) found.push(stream);
      if (found.length > limit) break;
    }
    return found;
  }

  #describe(layout: StreamLayout): IndexedStream {
    const { streamId } = layout;
    const marks = this.#marks.get(streamId);
    return {
      layout,
      name: this.#names.get(streamId) ?? "",
      tags: marks?.tags ?? [],
      dataSourceId: marks?.dataSourceId,
    };
  }
}

function matches(
  stream: IndexedStream,
  filter: StreamFilter,
  wanted: ReadonlySet<string>,
): boolean {
  const { streamId, producerId, dataSourceId, dataSourceName = "" } = filter;
  return (
    (streamId === undefined || streamId === stream.layout.streamId) &&
    (producerId === undefined || producerId === stream.layout.producerId) &&
    (dataSourceId === undefined || dataSourceId === stream.dataSourceId) &&
    (dataSourceName === "" || dataSourceName === stream.name) &&
    [...wanted].every((tag) => stream.tags.includes(tag))
  );
}
