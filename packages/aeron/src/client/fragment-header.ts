import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import { FRAME_HEADER_BYTES, FrameField } from "../log/frame.js";
import { alignFrame } from "../log/log-buffers.js";

/**
 * The header of the frame that is being handled. One object, valid during the call of the handler only.
 */
export class FragmentHeader {
  #term: AtomicBuffer | undefined;
  #offset = 0;
  #positionBefore = 0;

  /** Bytes of the frame, its header counted. */
  get frameLength(): number {
    return this.#int(FrameField.length);
  }
  /** Whether the frame begins or ends a message. */
  get flags(): number {
    return this.#held().view.getUint8(this.#offset + FrameField.flags);
  }
  /** Where the frame lies in its term. */
  get termOffset(): number {
    return this.#offset;
  }
  /** Who wrote. */
  get sessionId(): number {
    return this.#int(FrameField.sessionId);
  }
  /** The stream. */
  get streamId(): number {
    return this.#int(FrameField.streamId);
  }
  /** The term. */
  get termId(): number {
    return this.#int(FrameField.termId);
  }
  /** The 64 bits that the writer may use. */
  get reservedValue(): bigint {
    return this.#held().view.getBigInt64(this.#offset + FrameField.reservedValue, true);
  }
  /** The position behind the frame. */
  get position(): number {
    return this.#positionBefore + alignFrame(this.frameLength);
  }
  /** The frame's payload: a view, valid during the call only. */
  get payload(): Uint8Array {
    const start = this.#offset + FRAME_HEADER_BYTES;
    return this.#held().bytes.subarray(start, this.#offset + this.frameLength);
  }

  /** Lays the header over a frame. The image calls it. */
  lay(term: AtomicBuffer, offset: number, positionBefore: number): void {
    this.#term = term;
    this.#offset = offset;
    this.#positionBefore = positionBefore;
  }

  #int(field: number): number {
    return this.#held().view.getInt32(this.#offset + field, true);
  }

  #held(): AtomicBuffer {
    if (this.#term === undefined) throw new RangeError("no frame is being handled");
    return this.#term;
  }
}
