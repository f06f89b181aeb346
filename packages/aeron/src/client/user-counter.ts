import type { AtomicBuffer } from "../memory/atomic-buffer.js";

/** A counter of an application, which every process of the driver can read. spec/aeron.md §6 */
export class UserCounter {
  /** Where it lies. */
  readonly counterId: number;
  /** The command that added it. */
  readonly registrationId: bigint;
  readonly #record: AtomicBuffer;
  readonly #onClose: () => void;
  #closed = false;

  /** Takes what the driver answered. */
  constructor(
    counterId: number,
    registrationId: bigint,
    record: AtomicBuffer,
    onClose: () => void,
  ) {
    this.counterId = counterId;
    this.registrationId = registrationId;
    this.#record = record;
    this.#onClose = onClose;
  }

  /** Whether it was closed, here or because the client was. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Its value now; what is written after closing goes nowhere. */
  get value(): bigint {
    return this.#closed ? 0n : this.#record.longAcquire(0);
  }

  /** Sets its value. */
  set(value: bigint): void {
    if (!this.#closed) this.#record.putLongRelease(0, value);
  }

  /** Adds to its value, also when others do at the same time; returns what it was. */
  add(delta: bigint): bigint {
    return this.#closed ? 0n : this.#record.addLong(0, delta);
  }

  /** Takes it from the driver. Harmless the second time. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }

  /** Marks it as closed without telling the driver, which has taken it. */
  abandon(): void {
    this.#closed = true;
  }
}
