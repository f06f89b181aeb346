import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import { commitFrame, FRAME_HEADER_BYTES, FrameField, FrameType } from "./frame.js";

/**
 * Space in a log that was claimed for one message, to be filled in place.
 *
 * Commit or abort it soon: until then nobody can read what lies behind it. One claim object serves one message after
 * another. spec/aeron.md §8
 */
export class Claim {
  #term: AtomicBuffer | undefined;
  #offset = 0;
  #length = 0;

  /** The bytes to fill: a view into the log, exactly as long as was asked for. */
  get bytes(): Uint8Array {
    const start = this.#offset + FRAME_HEADER_BYTES;
    return this.#held().bytes.subarray(start, start + this.#length);
  }

  /** Sets the 64 bits that travel in the header. */
  putReservedValue(value: bigint): void {
    this.#held().view.setBigInt64(this.#offset + FrameField.reservedValue, value, true);
  }

  /** Lets readers see the message. */
  commit(): void {
    commitFrame(this.#held(), this.#offset, this.#length + FRAME_HEADER_BYTES);
    this.#term = undefined;
  }

  /** Makes the space padding, which readers skip. */
  abort(): void {
    const term = this.#held();
    term.view.setUint16(this.#offset + FrameField.type, FrameType.padding, true);
    commitFrame(term, this.#offset, this.#length + FRAME_HEADER_BYTES);
    this.#term = undefined;
  }

  /** Lays the claim over a frame that was started. The publication calls it. */
  hold(term: AtomicBuffer, offset: number, length: number): void {
    this.#term = term;
    this.#offset = offset;
    this.#length = length;
  }

  #held(): AtomicBuffer {
    if (this.#term === undefined) throw new RangeError("nothing is claimed");
    return this.#term;
  }
}
