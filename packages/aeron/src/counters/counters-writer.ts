import { AeronError } from "../errors.js";
import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import {
  COUNTER_KEY_BYTES,
  COUNTER_LABEL_BYTES,
  COUNTER_METADATA_BYTES,
  COUNTER_VALUE_BYTES,
  CounterMeta,
  CountersReader,
  CounterState,
  CounterValue,
} from "./counters-reader.js";

/** How long a freed counter is not used again, in milliseconds: readers may still hold its number. spec/aeron.md §6 */
const COOLDOWN_MS = 1_000;
const IN_USE = 2n ** 63n - 1n;

/** What a new counter is. */
export interface NewCounter {
  /** What it counts. */
  readonly typeId: number;
  /** For programs, at most 112 bytes. */
  readonly key: Uint8Array;
  /** For people; what is longer than 380 characters is cut. */
  readonly label: string;
  /** The command that asks for it. */
  readonly registrationId: bigint;
  /** The client it belongs to. */
  readonly ownerId: bigint;
  /** Its first value; 0 by default. */
  readonly value?: bigint;
}

/** Allocates and frees the counters of a driver. One writer only. spec/aeron.md §6 */
export class CountersWriter {
  /** The same counters, to read. */
  readonly reader: CountersReader;
  readonly #metadata: AtomicBuffer;
  readonly #values: AtomicBuffer;
  readonly #free: { readonly counterId: number; readonly sinceMs: number }[] = [];
  #next = 0;

  /** Takes the two buffers of cnc.dat. */
  constructor(metadata: AtomicBuffer, values: AtomicBuffer) {
    this.#metadata = metadata;
    this.#values = values;
    this.reader = new CountersReader(metadata, values);
  }

  /** Makes a counter and returns its number. @throws {@link AeronError} `aeron.refused` when there are none left. */
  allocate(counter: NewCounter, nowMs: number): number {
    if (counter.key.length > COUNTER_KEY_BYTES) {
      throw new AeronError("aeron.refused", `a key of ${counter.key.length} bytes`);
    }
    const counterId = this.#take(nowMs);
    const value = counterId * COUNTER_VALUE_BYTES;
    const meta = counterId * COUNTER_METADATA_BYTES;
    this.#values.putLongRelease(value, counter.value ?? 0n);
    this.#values.putLongRelease(value + CounterValue.registrationId, counter.registrationId);
    this.#values.putLongRelease(value + CounterValue.ownerId, counter.ownerId);
    this.#values.putLongRelease(value + CounterValue.referenceId, 0n);
    const { view, bytes } = this.#metadata;
    view.setInt32(meta + CounterMeta.typeId, counter.typeId, true);
    view.setBigInt64(meta + CounterMeta.freeDeadlineMs, IN_USE, true);
    bytes.fill(0, meta + CounterMeta.key, meta + CounterMeta.key + COUNTER_KEY_BYTES);
    bytes.set(counter.key, meta + CounterMeta.key);
    const label = counter.label.slice(0, COUNTER_LABEL_BYTES);
    for (let index = 0; index < label.length; index++) {
      view.setUint8(meta + CounterMeta.label + index, label.charCodeAt(index) & 0x7f);
    }
    view.setInt32(meta + CounterMeta.labelLength, label.length, true);
    this.#metadata.putIntRelease(meta + CounterMeta.state, CounterState.allocated);
    return counterId;
  }

  /** Frees a counter; its number is used again after a second. */
  free(counterId: number, nowMs: number): void {
    const meta = counterId * COUNTER_METADATA_BYTES;
    this.#metadata.putIntRelease(meta + CounterMeta.state, CounterState.reclaimed);
    this.#metadata.bytes.fill(
      0,
      meta + CounterMeta.key,
      meta + CounterMeta.key + COUNTER_KEY_BYTES,
    );
    const deadline = BigInt(nowMs + COOLDOWN_MS);
    this.#metadata.view.setBigInt64(meta + CounterMeta.freeDeadlineMs, deadline, true);
    this.#free.push({ counterId, sinceMs: nowMs });
  }

  /** The value record of a counter. */
  record(counterId: number): AtomicBuffer {
    return this.reader.valueRecord(counterId);
  }

  /** Adds one to a counter. */
  increment(counterId: number): void {
    this.#values.addLong(counterId * COUNTER_VALUE_BYTES, 1n);
  }

  #take(nowMs: number): number {
    const [oldest] = this.#free;
    if (oldest !== undefined && nowMs - oldest.sinceMs >= COOLDOWN_MS) {
      this.#free.shift();
      return oldest.counterId;
    }
    if (this.#next === this.reader.capacity) {
      throw new AeronError("aeron.refused", `all ${this.reader.capacity} counters are in use`);
    }
    return this.#next++;
  }
}
