import { AeronError } from "../errors.js";
import { align, AtomicBuffer } from "../memory/atomic-buffer.js";
import { BROADCAST_TRAILER_BYTES } from "./cnc-file.js";
import type { RecordHandler } from "./to-driver-ring.js";

const HEADER_BYTES = 8;
const PADDING = -1;

/** Offsets behind the buffer. spec/aeron.md §4 */
const Trailer = { tailIntent: 0, tail: 8, latest: 16 } as const;

/** Writes what every client reads. One transmitter only. spec/aeron.md §4 */
export class BroadcastTransmitter {
  readonly #buffer: AtomicBuffer;
  readonly #capacity: number;

  /** `buffer` is the broadcast buffer and its trailer. */
  constructor(buffer: AtomicBuffer) {
    this.#buffer = buffer;
    this.#capacity = buffer.length - BROADCAST_TRAILER_BYTES;
  }

  /** Writes one record; clients that are slower than the buffer is long lose it. @throws {@link AeronError} `aeron.too_large` */
  transmit(type: number, record: Uint8Array): void {
    const buffer = this.#buffer;
    const capacity = this.#capacity;
    const need = align(record.length + HEADER_BYTES, 8);
    if (need > capacity / 8) {
      throw new AeronError("aeron.too_large", `an answer of ${record.length} bytes`);
    }
    let tail = buffer.positionAcquire(capacity + Trailer.tail);
    let index = tail & (capacity - 1);
    const toEnd = capacity - index;
    if (need > toEnd) {
      buffer.putPositionRelease(capacity + Trailer.tailIntent, tail + toEnd + need);
      buffer.view.setInt32(index, toEnd, true);
      buffer.view.setInt32(index + 4, PADDING, true);
      tail += toEnd;
      index = 0;
    } else {
      buffer.putPositionRelease(capacity + Trailer.tailIntent, tail + need);
    }
    buffer.view.setInt32(index, record.length + HEADER_BYTES, true);
    buffer.view.setInt32(index + 4, type, true);
    buffer.bytes.set(record, index + HEADER_BYTES);
    buffer.putPositionRelease(capacity + Trailer.latest, tail);
    buffer.putPositionRelease(capacity + Trailer.tail, tail + need);
  }
}

/** Reads what the driver broadcasts, from the moment it is made. spec/aeron.md §4 */
export class BroadcastReceiver {
  readonly #buffer: AtomicBuffer;
  readonly #capacity: number;
  readonly #fence: () => void;
  #cursor: number;

  /** `fence` keeps reads before it before those after it; nothing on x64. */
  constructor(buffer: AtomicBuffer, fence: () => void) {
    this.#buffer = buffer;
    this.#capacity = buffer.length - BROADCAST_TRAILER_BYTES;
    this.#fence = fence;
    this.#cursor = buffer.positionAcquire(this.#capacity + Trailer.tail);
  }

  /**
   * Hands out copies of up to `limit` records; returns how many.
   *
   * @throws {@link AeronError} `aeron.responses_lost` when the driver has overtaken this reader.
   */
  receive(handler: RecordHandler, limit: number): number {
    const buffer = this.#buffer;
    let count = 0;
    while (count < limit && this.#tail() > this.#cursor) {
      this.#checkNotLapped();
      const index = this.#cursor & (this.#capacity - 1);
      const length = buffer.view.getInt32(index, true);
      const type = buffer.view.getInt32(index + 4, true);
      if (length < HEADER_BYTES || length > this.#capacity - index) {
        this.#checkNotLapped();
        throw new AeronError("aeron.responses_lost", `a record of ${length} bytes at ${index}`);
      }
      const copy = buffer.bytes.slice(index, index + length);
      this.#fence();
      this.#checkNotLapped();
      this.#cursor += align(length, 8);
      if (type === PADDING) continue;
      count++;
      handler(type, new AtomicBuffer(padded(copy)), HEADER_BYTES, length - HEADER_BYTES);
    }
    return count;
  }

  #tail(): number {
    return this.#buffer.positionAcquire(this.#capacity + Trailer.tail);
  }

  #checkNotLapped(): void {
    const intent = this.#buffer.positionAcquire(this.#capacity + Trailer.tailIntent);
    if (this.#cursor + this.#capacity <= intent) {
      throw new AeronError(
        "aeron.responses_lost",
        `the driver is ${intent - this.#cursor} bytes ahead of a buffer of ${this.#capacity}`,
      );
    }
  }
}

// Typed arrays of words need whole words.
function padded(record: Uint8Array): Uint8Array {
  if (record.length % 8 === 0) return record;
  const copy = new Uint8Array(align(record.length, 8));
  copy.set(record);
  return copy;
}
