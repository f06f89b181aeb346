/** One way between two threads, and the end of both: a `MessagePort`, or a test's stand-in. */
export interface Lane<T> {
  /** Sends messages, in order; the memory of `moved` goes with them. */
  send(batch: readonly T[], moved: readonly ArrayBuffer[]): void;
  /** Closes both ways. The other end hears of it after what was sent. */
  close(): void;
}

/** What is fed by whoever listens at the end of a lane. */
export interface LaneEnd {
  /** Takes what came. */
  receive(batch: unknown): void;
  /** The lane is closed: by the other end, or with its thread. */
  lost(): void;
}

const NOTHING = new Uint8Array(0);
const MOST_SHARED = 1024;
const MOST_SLAB = 65_536;

/** Sends what is said in one turn together, and copies payloads once: their memory goes along. */
export class LaneOutbox<T> {
  readonly #lane: Lane<T>;
  readonly #defer: (task: () => void) => void;
  #batch: T[] = [];
  #moved: ArrayBuffer[] = [];
  #slab: Uint8Array<ArrayBuffer> = NOTHING;
  #used = 0;
  #isClosed = false;

  /** Sends over `lane`, later than inside the call by which something is posted. */
  constructor(lane: Lane<T>, defer: (task: () => void) => void) {
    this.#lane = lane;
    this.#defer = defer;
  }

  /** Sends a message with the others of this turn. */
  post(message: T): void {
    if (this.#isClosed) return;
    if (this.#batch.push(message) === 1) this.#defer(() => this.#flush());
  }

  /** A copy of `bytes` for the message that is posted next. Small ones of a turn share memory: each that goes along has its price. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length === 0 || this.#isClosed) return NOTHING;
    if (length > MOST_SHARED) return this.#move(new Uint8Array(bytes));
    if (this.#slab.length - this.#used < length)
      this.#slab = this.#move(new Uint8Array(this.#nextSlab()));
    const copy = this.#slab.subarray(this.#used, this.#used + length);
    copy.set(bytes);
    this.#used += length;
    return copy;
  }

  /** Sends what waits, and closes the lane. */
  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#lane.close();
  }

  #move(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#moved.push(bytes.buffer);
    return bytes;
  }

  // A turn in which little is said is to take little memory.
  #nextSlab(): number {
    this.#used = 0;
    return Math.min(MOST_SLAB, Math.max(MOST_SHARED, 4 * this.#slab.length));
  }

  #flush(): void {
    if (this.#isClosed || this.#batch.length === 0) return;
    const [batch, moved] = [this.#batch, this.#moved];
    this.#batch = [];
    this.#moved = [];
    this.#slab = NOTHING;
    this.#used = 0;
    this.#lane.send(batch, moved);
  }
}
