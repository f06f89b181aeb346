import { AeronError } from "../errors.js";
import { FRAME_HEADER_BYTES, FrameField, FrameType } from "../log/frame.js";
import { alignFrame, type LogBuffers } from "../log/log-buffers.js";
import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import { FragmentHeader } from "./fragment-header.js";

/**
 * Takes one fragment. `term` is the log's memory, in which the payload lies from `offset`; it is valid during the call.
 *
 * A handler that throws has handled its fragment: the next poll goes on behind it.
 */
export type FragmentHandler = (
  term: AtomicBuffer,
  offset: number,
  length: number,
  header: FragmentHeader,
) => void;

/** What a controlled handler decides: go on, go on and save the position, stop behind this fragment, or stop before it. */
export type PollAction = "continue" | "commit" | "break" | "abort";

/** Like {@link FragmentHandler}, and steers the poll. */
export type ControlledHandler = (
  term: AtomicBuffer,
  offset: number,
  length: number,
  header: FragmentHeader,
) => PollAction;

/** Takes many whole frames at once: bytes of the log, headers and padding included. */
export type BlockHandler = (block: Uint8Array, sessionId: number, termId: number) => void;

/** What an image needs to know of itself. */
export interface ImageSetup {
  /** The command that added the publication. */
  readonly correlationId: bigint;
  /** Who writes. */
  readonly sessionId: number;
  /** The stream. */
  readonly streamId: number;
  /** Where it comes from: `aeron:ipc`, or an address. */
  readonly sourceIdentity: string;
  /** The log. */
  readonly log: LogBuffers;
  /** The value record of the counter that tells how far was read. */
  readonly position: AtomicBuffer;
}

/** One publication as a subscription reads it. spec/aeron.md §9 */
export class Image {
  /** The command that added the publication. */
  readonly correlationId: bigint;
  /** Who writes. */
  readonly sessionId: number;
  /** The stream. */
  readonly streamId: number;
  /** Where it comes from. */
  readonly sourceIdentity: string;
  /** Where this reader joined. */
  readonly joinPosition: number;
  readonly #log: LogBuffers;
  readonly #counter: AtomicBuffer;
  readonly #header = new FragmentHeader();
  #position: number;
  #closed = false;
  #fault: AeronError | undefined;

  /** Takes what the driver said. */
  constructor(setup: ImageSetup) {
    this.correlationId = setup.correlationId;
    this.sessionId = setup.sessionId;
    this.streamId = setup.streamId;
    this.sourceIdentity = setup.sourceIdentity;
    this.#log = setup.log;
    this.#counter = setup.position;
    this.#position = this.#counter.positionAcquire(0);
    this.joinPosition = this.#position;
  }

  /** How far was read. */
  get position(): number {
    return this.#position;
  }

  /** Whether it can be polled no more. */
  get isClosed(): boolean {
    return this.#closed || this.#fault !== undefined;
  }

  /**
   * What is wrong with the log, `aeron.malformed_frame`: a writer, who shares the memory, left a frame that does not fit its term.
   * The image ends before it.
   */
  get fault(): AeronError | undefined {
    return this.#fault;
  }

  /** Whether everything was read and nothing will come. */
  get isEndOfStream(): boolean {
    return this.isClosed || this.#position >= this.#log.endOfStreamPosition();
  }

  /** Bytes of a term. */
  get termLength(): number {
    return this.#log.termLength;
  }

  /** Hands out up to `limit` fragments; returns how many. */
  poll(handler: FragmentHandler, limit: number): number {
    return this.boundedPoll(handler, Number.POSITIVE_INFINITY, limit);
  }

  /** Like {@link Image.poll}, and stops at `limitPosition`. */
  boundedPoll(handler: FragmentHandler, limitPosition: number, limit: number): number {
    if (this.isClosed) return 0;
    const { termLength } = this.#log;
    const start = this.#position;
    const term = this.#log.termAt(start);
    const { words } = term;
    const header = this.#header;
    let offset = start % termLength;
    const base = start - offset;
    const end = Math.min(termLength, limitPosition - base);
    let count = 0;
    try {
      while (count < limit && offset < end) {
        const length = this.#lengthAt(words, offset, termLength);
        if (length === 0) break;
        const at = offset;
        offset += alignFrame(length);
        if (isPadding(words, at)) continue;
        count++;
        header.lay(term, at, base + at);
        handler(term, at + FRAME_HEADER_BYTES, length - FRAME_HEADER_BYTES, header);
      }
    } finally {
      this.#moveTo(base + offset);
    }
    return count;
  }

  /** Hands out up to `limit` fragments as long as the handler says so; returns how many it kept. */
  controlledPoll(handler: ControlledHandler, limit: number): number {
    if (this.isClosed) return 0;
    const { termLength } = this.#log;
    const start = this.#position;
    const term = this.#log.termAt(start);
    const { words } = term;
    let offset = start % termLength;
    const base = start - offset;
    let count = 0;
    try {
      while (count < limit && offset < termLength) {
        const length = this.#lengthAt(words, offset, termLength);
        if (length === 0) break;
        const at = offset;
        offset += alignFrame(length);
        if (isPadding(words, at)) continue;
        this.#header.lay(term, at, base + at);
        const payload = length - FRAME_HEADER_BYTES;
        const action = handler(term, at + FRAME_HEADER_BYTES, payload, this.#header);
        if (action === "abort") {
          offset = at;
          break;
        }
        count++;
        if (action === "break") break;
        if (action === "commit") this.#moveTo(base + offset);
      }
    } finally {
      this.#moveTo(base + offset);
    }
    return count;
  }

  /** Hands out whole frames of up to `limitBytes` in one piece of the log; returns how many bytes. */
  blockPoll(handler: BlockHandler, limitBytes: number): number {
    if (this.isClosed) return 0;
    const { termLength } = this.#log;
    const term = this.#log.termAt(this.#position);
    const { words } = term;
    const start = this.#position % termLength;
    const end = Math.min(termLength, start + limitBytes);
    let offset = start;
    while (offset < end) {
      const length = this.#lengthAt(words, offset, termLength);
      if (length === 0) break;
      const next = offset + alignFrame(length);
      if (isPadding(words, offset)) {
        // Padding stands alone, so that a block is data throughout.
        if (offset === start) offset = next;
        break;
      }
      if (next > end) break;
      offset = next;
    }
    if (offset === start) return 0;
    const termId = words[(start + FrameField.termId) >> 2] ?? 0;
    try {
      handler(term.bytes.subarray(start, offset), this.sessionId, termId);
    } finally {
      this.#moveTo(this.#position + offset - start);
    }
    return offset - start;
  }

  /** Ends it. The subscription calls it. */
  close(): void {
    this.#closed = true;
  }

  // The length of the frame at `at`; 0 where none is there yet, or none that fits.
  #lengthAt(words: Int32Array, at: number, termLength: number): number {
    const length = Atomics.load(words, at >> 2);
    if (length >= FRAME_HEADER_BYTES && length <= termLength - at) return length;
    if (length > 0) this.#fault = malformed(at, length, termLength);
    return 0;
  }

  #moveTo(position: number): void {
    if (position <= this.#position || this.#closed) return;
    this.#position = position;
    this.#counter.putPositionRelease(0, position);
  }
}

function isPadding(words: Int32Array, at: number): boolean {
  return (words[(at + FrameField.version) >> 2] ?? 0) >>> 16 === FrameType.padding;
}

function malformed(at: number, length: number, termLength: number): AeronError {
  const message = `a frame of ${length} bytes at ${at} of a term of ${termLength}`;
  return new AeronError("aeron.malformed_frame", message);
}
