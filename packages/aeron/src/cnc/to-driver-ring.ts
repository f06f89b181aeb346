import { AeronError } from "../errors.js";
import { align, type AtomicBuffer } from "../memory/atomic-buffer.js";
import { RING_TRAILER_BYTES } from "./cnc-file.js";

const HEADER_BYTES = 8;
const PADDING = -1;

/** Offsets behind the ring. spec/aeron.md §3 */
const Trailer = { tail: 128, headCache: 256, head: 384, correlation: 512, heartbeat: 640 } as const;

/** Takes one record; `type` is at least 1, and `buffer` holds it at `offset` during the call only. */
export type RecordHandler = (
  type: number,
  buffer: AtomicBuffer,
  offset: number,
  length: number,
) => void;

/** The ring that carries commands: many writers, one reader. spec/aeron.md §3 */
export class ToDriverRing {
  readonly #buffer: AtomicBuffer;
  readonly #capacity: number;

  /** `buffer` is the ring and its trailer. */
  constructor(buffer: AtomicBuffer) {
    this.#buffer = buffer;
    this.#capacity = buffer.length - RING_TRAILER_BYTES;
  }

  /** The largest record. */
  get maxRecordBytes(): number {
    return this.#capacity / 8;
  }

  /** Takes the next correlation id, which no other client will get. */
  nextCorrelationId(): bigint {
    return this.#buffer.addLong(this.#capacity + Trailer.correlation, 1n);
  }

  /** When the driver last turned, in epoch milliseconds; -1 after it has stopped. */
  heartbeatMs(): number {
    return Number(this.#buffer.longAcquire(this.#capacity + Trailer.heartbeat));
  }

  /** Says that the driver turns, or with -1 that it has stopped. */
  putHeartbeat(epochMs: number): void {
    this.#buffer.putLongRelease(this.#capacity + Trailer.heartbeat, BigInt(epochMs));
  }

  /** Makes correlation ids start above `id`, before anybody uses them. */
  seedCorrelationIds(id: bigint): void {
    this.#buffer.putLongRelease(this.#capacity + Trailer.correlation, id);
  }

  /** Where the writers are. */
  tail(): number {
    return this.#buffer.positionAcquire(this.#capacity + Trailer.tail);
  }

  /** Where the reader is. */
  head(): number {
    return this.#buffer.positionAcquire(this.#capacity + Trailer.head);
  }

  /**
   * Writes one record.
   *
   * @returns False when the ring is full: try again later.
   * @throws {@link AeronError} `aeron.too_large`
   */
  write(type: number, record: Uint8Array): boolean {
    if (record.length > this.maxRecordBytes) {
      throw new AeronError(
        "aeron.too_large",
        `a command of ${record.length} bytes, limit ${this.maxRecordBytes}`,
      );
    }
    const at = this.#claim(align(record.length + HEADER_BYTES, 8));
    if (at === undefined) return false;
    const buffer = this.#buffer;
    buffer.putIntRelease(at, -(record.length + HEADER_BYTES));
    buffer.bytes.set(record, at + HEADER_BYTES);
    buffer.view.setInt32(at + 4, type, true);
    buffer.putIntRelease(at, record.length + HEADER_BYTES);
    return true;
  }

  /** Reads up to `limit` records; returns how many. A handler must not throw. */
  read(handler: RecordHandler, limit: number): number {
    const buffer = this.#buffer;
    const head = this.head();
    const start = head & (this.#capacity - 1);
    const toEnd = this.#capacity - start;
    let consumed = 0;
    let count = 0;
    while (consumed < toEnd && count < limit) {
      const at = start + consumed;
      const length = buffer.intAcquire(at);
      if (length <= 0) break;
      const type = buffer.view.getInt32(at + 4, true);
      const whole = length >= HEADER_BYTES && length <= toEnd - consumed;
      // A writer that lies about its length takes the rest of this turn with it, and nothing else.
      consumed += whole ? align(length, 8) : toEnd - consumed;
      if (!whole || type === PADDING) continue;
      count++;
      handler(type, buffer, at + HEADER_BYTES, length - HEADER_BYTES);
    }
    if (consumed > 0) {
      buffer.bytes.fill(0, start, start + consumed);
      buffer.putPositionRelease(this.#capacity + Trailer.head, head + consumed);
    }
    return count;
  }

  /**
   * Turns what a dead writer left at the head into padding. For the driver, when the head has long stood still.
   *
   * @returns Whether there was something to turn.
   */
  unblock(): boolean {
    const buffer = this.#buffer;
    const head = this.head();
    const tail = this.tail();
    if (head === tail) return false;
    const start = head & (this.#capacity - 1);
    const length = buffer.intAcquire(start);
    if (length < 0) {
      this.#pad(start, Math.min(-length, this.#capacity - start));
      return true;
    }
    if (length > 0) return false;
    const limit = Math.min(start + (tail - head), this.#capacity);
    for (let at = start + 8; at < limit; at += 8) {
      if (buffer.intAcquire(at) === 0) continue;
      if (!this.#isZero(start, at)) return false;
      this.#pad(start, at - start);
      return true;
    }
    return false;
  }

  #isZero(from: number, to: number): boolean {
    for (let at = to - 8; at >= from; at -= 8) if (this.#buffer.intAcquire(at) !== 0) return false;
    return true;
  }

  #pad(at: number, length: number): void {
    this.#buffer.view.setInt32(at + 4, PADDING, true);
    this.#buffer.putIntRelease(at, length);
  }

  // Claims `need` bytes and returns where they lie.
  #claim(need: number): number | undefined {
    const buffer = this.#buffer;
    const capacity = this.#capacity;
    for (;;) {
      const tail = this.tail();
      const index = tail & (capacity - 1);
      const toEnd = capacity - index;
      const padding = need > toEnd ? toEnd : 0;
      if (!this.#hasRoom(tail, need + padding)) return undefined;
      const at = capacity + Trailer.tail;
      if (!buffer.casLong(at, BigInt(tail), BigInt(tail + need + padding))) continue;
      if (padding === 0) return index;
      buffer.putIntRelease(index, -padding);
      buffer.view.setInt32(index + 4, PADDING, true);
      buffer.putIntRelease(index, padding);
      return 0;
    }
  }

  #hasRoom(tail: number, bytes: number): boolean {
    const buffer = this.#buffer;
    const cache = this.#capacity + Trailer.headCache;
    if (bytes <= this.#capacity - (tail - buffer.positionAcquire(cache))) return true;
    const head = this.head();
    if (bytes > this.#capacity - (tail - head)) return false;
    buffer.putLongRelease(cache, BigInt(head));
    return true;
  }
}
