import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import {
  commitFrame,
  flagsAndType,
  FRAME_HEADER_BYTES,
  FrameField,
  FrameFlag,
  FrameType,
  startFrame,
  UNFRAGMENTED,
} from "./frame.js";
import { alignFrame } from "./log-buffers.js";

const DATA = flagsAndType(UNFRAGMENTED, FrameType.data);
const PADDING = flagsAndType(UNFRAGMENTED, FrameType.padding);

/** Bytes that a message takes in a term. spec/aeron.md §8 */
export function framedLength(length: number, maxPayload: number): number {
  if (length <= maxPayload) return alignFrame(length + FRAME_HEADER_BYTES);
  const rest = length % maxPayload;
  const full = ((length - rest) / maxPayload) * (maxPayload + FRAME_HEADER_BYTES);
  return full + (rest === 0 ? 0 : alignFrame(rest + FRAME_HEADER_BYTES));
}

/** Writes messages as frames into space that was claimed in a term. */
export class FrameWriter {
  readonly #sessionId: number;
  readonly #streamId: number;
  readonly #maxPayload: number;

  /** `maxPayload` is what one frame can carry. */
  constructor(sessionId: number, streamId: number, maxPayload: number) {
    this.#sessionId = sessionId;
    this.#streamId = streamId;
    this.#maxPayload = maxPayload;
  }

  /** Writes a message at `offset`, in as many frames as it needs. */
  message(
    term: AtomicBuffer,
    offset: number,
    termId: number,
    bytes: Uint8Array,
    reservedValue: bigint | undefined,
  ): void {
    if (bytes.length <= this.#maxPayload) {
      this.#frame(term, offset, termId, bytes, DATA, reservedValue);
    } else {
      this.#fragments(term, offset, termId, bytes, reservedValue);
    }
  }

  /** Starts one frame of `length` bytes of payload; it is seen when it is committed. */
  claim(term: AtomicBuffer, offset: number, termId: number, length: number): void {
    this.#start(term, offset, termId, length + FRAME_HEADER_BYTES, DATA);
  }

  /** Fills the rest of a term, from `offset`, with padding. */
  padding(term: AtomicBuffer, offset: number, termId: number, length: number): void {
    this.#start(term, offset, termId, length, PADDING);
    commitFrame(term, offset, length);
  }

  #fragments(
    term: AtomicBuffer,
    offset: number,
    termId: number,
    bytes: Uint8Array,
    reservedValue: bigint | undefined,
  ): void {
    const max = this.#maxPayload;
    let at = offset;
    for (let from = 0; from < bytes.length; from += max) {
      const part = bytes.subarray(from, from + max);
      const first = from === 0 ? FrameFlag.begin : 0;
      const last = from + max >= bytes.length ? FrameFlag.end : 0;
      const kind = flagsAndType(first | last, FrameType.data);
      this.#frame(term, at, termId, part, kind, reservedValue);
      at += alignFrame(part.length + FRAME_HEADER_BYTES);
    }
  }

  #frame(
    term: AtomicBuffer,
    offset: number,
    termId: number,
    bytes: Uint8Array,
    kind: number,
    reservedValue: bigint | undefined,
  ): void {
    const length = bytes.length + FRAME_HEADER_BYTES;
    this.#start(term, offset, termId, length, kind);
    term.bytes.set(bytes, offset + FRAME_HEADER_BYTES);
    if (reservedValue !== undefined) {
      term.view.setBigInt64(offset + FrameField.reservedValue, reservedValue, true);
    }
    commitFrame(term, offset, length);
  }

  #start(term: AtomicBuffer, offset: number, termId: number, length: number, kind: number): void {
    startFrame(term, offset, termId, this.#sessionId, this.#streamId, length, kind);
  }
}
