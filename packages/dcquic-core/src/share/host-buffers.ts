import type { RegisteredBuffer, Sealing } from "../buffer/registered-buffer.js";
import { wireBytesOf } from "../crypto/records.js";
import { PayloadMode } from "../wire/constants.js";
import type { PoolBuffers } from "../pool/pool-port.js";
import type { LaneOutbox } from "./lane.js";
import type { ShareNews } from "./share-messages.js";

const BINDING_BYTES = 16;
const DATA_KEY_BYTES = 32;
// §20
const MIN_RECORD_LOG2 = 14;
const MAX_RECORD_LOG2 = 24;

/** The buffers that one attached thread holds, by the numbers that it gave them: it writes their memory itself. §8.3 */
export class HostBuffers {
  readonly #buffers: PoolBuffers;
  readonly #outbox: LaneOutbox<ShareNews>;
  readonly #held = new Map<number, RegisteredBuffer>();
  readonly #waiting = new Map<number, () => void>();

  /** Holds nothing yet. */
  constructor(buffers: PoolBuffers, outbox: LaneOutbox<ShareNews>) {
    this.#buffers = buffers;
    this.#outbox = outbox;
  }

  /** How many it holds or waits for. */
  get size(): number {
    return this.#held.size + this.#waiting.size;
  }

  /** Whether it has a buffer of this number, or waits for it. */
  has(number: number): boolean {
    return this.#held.has(number) || this.#waiting.has(number);
  }

  /** Allocates a buffer, as soon as there is room. @throws RangeError for what never fits. */
  allocate(number: number, bytes: number, priority: number): void {
    const now = this.#buffers.allocate(bytes, priority);
    if (now !== undefined) return this.#grant(number, now);
    let isOver = false;
    const granted = (buffer: RegisteredBuffer): void => {
      isOver = true;
      this.#waiting.delete(number);
      this.#grant(number, buffer);
    };
    const giveUp = this.#buffers.allocateLater(bytes, priority, granted, () => {});
    if (!isOver) this.#waiting.set(number, giveUp);
  }

  /** Notes that a buffer is written. @throws RangeError for a sealing that does not fit it. */
  fill(number: number, sealing: Sealing): void {
    const buffer = this.#held.get(number);
    if (buffer === undefined) return;
    if (!fits(sealing, buffer.bytes))
      throw new RangeError("a sealing that does not fit its buffer");
    this.#buffers.fill(buffer, sealing);
  }

  /** A filled buffer with a reference for who sends it, which `taken` gives back. @throws TypeError unless it is filled. */
  lend(number: number): { readonly payload: RegisteredBuffer; readonly taken: () => void } {
    const payload = this.#held.get(number);
    if (payload === undefined) throw new TypeError(`there is no buffer ${number}`);
    this.#buffers.retain(payload);
    return { payload, taken: () => this.#buffers.release(payload) };
  }

  /** The thread holds a buffer no more, or wants none any more. */
  drop(number: number): void {
    this.#waiting.get(number)?.();
    this.#waiting.delete(number);
    const buffer = this.#held.get(number);
    this.#held.delete(number);
    if (buffer !== undefined) this.#buffers.release(buffer);
  }

  /** The thread is gone. */
  lost(): void {
    for (const number of [...this.#waiting.keys(), ...this.#held.keys()]) this.drop(number);
  }

  #grant(number: number, buffer: RegisteredBuffer): void {
    this.#held.set(number, buffer);
    const regions = this.#buffers.memoryOf(buffer);
    this.#outbox.post({ kind: "allocated", buffer: number, regions });
  }
}

// Engines read what a sealing says is there.
function fits(sealing: Sealing, bytes: number): boolean {
  const { protection, recordLog2, totalBytes, binding } = sealing;
  if (binding.length !== BINDING_BYTES) return false;
  if (protection === PayloadMode.PreEncrypted) return recordLog2 === 0 && totalBytes === bytes;
  const isRecordSize = recordLog2 >= MIN_RECORD_LOG2 && recordLog2 <= MAX_RECORD_LOG2;
  if (protection !== PayloadMode.Record || !isRecordSize || totalBytes > bytes) return false;
  return wireBytesOf(sealing) === bytes && sealing.dataKey?.length === DATA_KEY_BYTES;
}
