/** Options of in-process connections. */
export interface MemoryOptions {
  /** Runs `task` soon, never inside the caller. Default: a microtask. */
  readonly defer?: (task: () => void) => void;
  /** Bytes in flight above which a write answers `false`. Default 65 536. */
  readonly highWaterBytes?: number;
}

/** What takes things out of a {@link MemoryLane}. */
export interface LaneReader {
  /** One item, as it was pushed. */
  take(item: Uint8Array): void;
  /** All items were taken and no more will come. */
  ended(): void;
}

/** What puts things into a {@link MemoryLane}. */
export interface LaneWriter {
  /** What stopped the flow was taken, down to half the high-water mark. */
  drained(): void;
  /** The reader took everything and saw the end. */
  finished(): void;
}

/** One direction of an in-process connection: a queue with a high-water mark whose reader runs later. */
export class MemoryLane {
  /** Bytes that wait for the reader. */
  queuedBytes = 0;
  /** Whether the reader saw the end. */
  finished = false;
  /** Runs a task soon. */
  readonly defer: (task: () => void) => void;
  readonly #highWaterBytes: number;
  readonly #items: Uint8Array[] = [];
  #reader: LaneReader | undefined;
  #writer: LaneWriter | undefined;
  #ended = false;
  #owesDrain = false;
  #paused = false;
  #dropped = false;
  #scheduled = false;

  constructor(options: MemoryOptions) {
    this.defer = options.defer ?? ((task) => void Promise.resolve().then(task));
    this.#highWaterBytes = options.highWaterBytes ?? 65_536;
  }

  /** Starts delivery. */
  read(reader: LaneReader): void {
    this.#reader = reader;
    this.#schedule();
  }

  /** Starts telling the writing side. */
  write(writer: LaneWriter): void {
    this.#writer = writer;
    this.#schedule();
  }

  /** Appends `item`; nothing happens after {@link MemoryLane.end} or {@link MemoryLane.drop}. */
  push(item: Uint8Array): void {
    if (this.#ended || this.#dropped) return;
    this.#items.push(item);
    this.queuedBytes += item.length;
    if (this.queuedBytes >= this.#highWaterBytes) this.#owesDrain = true;
    this.#schedule();
  }

  /** Whether the writing side need not wait for {@link LaneWriter.drained}. */
  get flowing(): boolean {
    return !this.#owesDrain || this.#dropped;
  }

  /** Appends the end. */
  end(): void {
    this.#ended = true;
    this.#schedule();
  }

  /** Stops delivery after the item in hand. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on with delivery, later. */
  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /** Forgets everything and falls silent. */
  drop(): void {
    this.#dropped = true;
    this.#items.length = 0;
    this.queuedBytes = 0;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.defer(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const reader = this.#reader;
    if (reader !== undefined) this.#empty(reader);
    const writer = this.#writer;
    if (!this.#dropped && this.#owesDrain && writer !== undefined && this.#isLow) {
      this.#owesDrain = false;
      writer.drained();
    }
    if (this.#dropped || this.#paused || !this.#ended || this.#items.length > 0) return;
    if (!this.finished && reader !== undefined) {
      this.finished = true;
      reader.ended();
      writer?.finished();
    }
  }

  #empty(reader: LaneReader): void {
    while (!this.#paused && !this.#dropped) {
      const item = this.#items.shift();
      if (item === undefined) return;
      this.queuedBytes -= item.length;
      reader.take(item);
    }
  }

  get #isLow(): boolean {
    return this.queuedBytes <= this.#highWaterBytes / 2;
  }
}
