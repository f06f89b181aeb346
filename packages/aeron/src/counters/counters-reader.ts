import type { AtomicBuffer } from "../memory/atomic-buffer.js";

/** Bytes of a counter's value record. spec/aeron.md §6 */
export const COUNTER_VALUE_BYTES = 128;
/** Bytes of a counter's metadata record. spec/aeron.md §6 */
export const COUNTER_METADATA_BYTES = 512;
/** Bytes that a counter's key may have. */
export const COUNTER_KEY_BYTES = 112;
/** Bytes that a counter's label may have. */
export const COUNTER_LABEL_BYTES = 380;

/** Offsets in a value record. */
export const CounterValue = { value: 0, registrationId: 8, ownerId: 16, referenceId: 24 } as const;

/** Offsets in a metadata record. */
export const CounterMeta = {
  state: 0,
  typeId: 4,
  freeDeadlineMs: 8,
  key: 16,
  labelLength: 128,
  label: 132,
} as const;

/** What a counter's record is used for. */
export const CounterState = { unused: 0, allocated: 1, reclaimed: -1 } as const;

/** The types of counters that drivers make. Applications' own start at 1000. spec/aeron.md §6 */
export const CounterType = {
  system: 0,
  publisherLimit: 1,
  senderPosition: 2,
  receiverHighWaterMark: 3,
  subscriberPosition: 4,
  receiverPosition: 5,
  sendChannelStatus: 6,
  receiveChannelStatus: 7,
  senderLimit: 9,
  clientHeartbeat: 11,
  publisherPosition: 12,
  localSocketAddress: 14,
} as const;

/** A counter as it stands. */
export interface CounterInfo {
  /** Where it lies. */
  readonly counterId: number;
  /** What it counts: one of {@link CounterType}, or an application's. */
  readonly typeId: number;
  /** For people. */
  readonly label: string;
  /** For programs: 112 bytes, copied. */
  readonly key: Uint8Array;
  /** The command that made it. */
  readonly registrationId: bigint;
  /** The client it belongs to. */
  readonly ownerId: bigint;
  /** Its value now. */
  readonly value: bigint;
}

/** Reads the counters of a driver. spec/aeron.md §6 */
export class CountersReader {
  readonly #metadata: AtomicBuffer;
  readonly #values: AtomicBuffer;
  /** How many counters there can be. */
  readonly capacity: number;

  /** Takes the two buffers of cnc.dat. */
  constructor(metadata: AtomicBuffer, values: AtomicBuffer) {
    this.#metadata = metadata;
    this.#values = values;
    this.capacity = Math.min(
      Math.floor(metadata.length / COUNTER_METADATA_BYTES),
      Math.floor(values.length / COUNTER_VALUE_BYTES),
    );
  }

  /** Tells whether `counterId` is one of this file's. */
  contains(counterId: number): boolean {
    return Number.isInteger(counterId) && counterId >= 0 && counterId < this.capacity;
  }

  /** One of {@link CounterState}. */
  state(counterId: number): number {
    return this.#metadata.intAcquire(counterId * COUNTER_METADATA_BYTES + CounterMeta.state);
  }

  /** What the counter counts. */
  typeId(counterId: number): number {
    return this.#metadata.view.getInt32(this.#meta(counterId) + CounterMeta.typeId, true);
  }

  /** The command that made the counter. */
  registrationId(counterId: number): bigint {
    return this.#values.longAcquire(counterId * COUNTER_VALUE_BYTES + CounterValue.registrationId);
  }

  /** The value of the counter. */
  value(counterId: number): bigint {
    return this.#values.longAcquire(counterId * COUNTER_VALUE_BYTES);
  }

  /** The value record of the counter, for those who read or write it often. */
  valueRecord(counterId: number): AtomicBuffer {
    return this.#values.slice(counterId * COUNTER_VALUE_BYTES, COUNTER_VALUE_BYTES);
  }

  /** Yields every counter in use. */
  *[Symbol.iterator](): Generator<CounterInfo, void, undefined> {
    for (let counterId = 0; counterId < this.capacity; counterId++) {
      const state = this.state(counterId);
      if (state === CounterState.unused) return;
      if (state === CounterState.allocated) yield this.info(counterId);
    }
  }

  /** Finds the first counter of a type and registration. */
  find(typeId: number, registrationId: bigint): number | undefined {
    for (let counterId = 0; counterId < this.capacity; counterId++) {
      const state = this.state(counterId);
      if (state === CounterState.unused) return undefined;
      if (state !== CounterState.allocated || this.typeId(counterId) !== typeId) continue;
      if (this.registrationId(counterId) === registrationId) return counterId;
    }
    return undefined;
  }

  /** Copies all that is known of a counter. */
  info(counterId: number): CounterInfo {
    const meta = this.#meta(counterId);
    const value = counterId * COUNTER_VALUE_BYTES;
    const length = this.#metadata.view.getInt32(meta + CounterMeta.labelLength, true);
    const labelBytes = Math.min(Math.max(0, length), COUNTER_LABEL_BYTES);
    return {
      counterId,
      typeId: this.typeId(counterId),
      label: this.#metadata.text(meta + CounterMeta.label, labelBytes),
      key: this.#metadata.bytes.slice(
        meta + CounterMeta.key,
        meta + CounterMeta.key + COUNTER_KEY_BYTES,
      ),
      registrationId: this.registrationId(counterId),
      ownerId: this.#values.longAcquire(value + CounterValue.ownerId),
      value: this.value(counterId),
    };
  }

  #meta(counterId: number): number {
    return counterId * COUNTER_METADATA_BYTES;
  }
}
