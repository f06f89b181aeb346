import { DwcpError } from "../errors.js";
import type { Crc32 } from "./crc32.js";
import {
  decodeFrameHeader,
  encodeFrameHeader,
  FLAG_CRITICAL,
  FRAME_HEADER_BYTES,
  type FrameHeader,
} from "./frame-header.js";
import { frameNameOf } from "./frame-type.js";

/** A whole frame. */
export interface Frame extends FrameHeader {
  /** A view into what the transport gave, or memory of its own where the frame came in pieces. */
  readonly payload: Uint8Array;
}

/** Writes header and payload behind each other. spec/dwcp.md B2 */
export function encodeFrame(
  frame: Omit<Frame, "payloadBytes">,
  crc32: Crc32,
): Uint8Array<ArrayBuffer> {
  const { payload } = frame;
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  bytes.set(encodeFrameHeader({ ...frame, payloadBytes: payload.length }, crc32));
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** Where payloads that come in pieces gather. */
export interface PayloadMemory {
  /** Gives memory of as many bytes, whatever they are. It is the reader's, and then whose the frame is. */
  take(bytes: number): Uint8Array;
}

// Fresh memory for every payload.
const freshMemory: PayloadMemory = { take: (bytes) => new Uint8Array(bytes) };

/** Whose the bytes are that a reader is given: `kept` ones nobody changes any more, `lent` ones are overwritten soon. */
export type ChunkOwnership = "kept" | "lent";

/**
 * Cuts a byte stream into frames.
 *
 * It keeps at most one frame, in memory that it takes when the first bytes of a payload come without the rest: a length alone
 * allocates nothing. From then on whoever reads a socket can read right into that memory, {@link FrameReader.space}.
 *
 * @see spec/dwcp.md B2
 */
export class FrameReader {
  readonly #crc32: Crc32;
  readonly #memory: PayloadMemory;
  readonly #head = new Uint8Array(FRAME_HEADER_BYTES);
  #maxFrameBytes: number;
  #header: FrameHeader | undefined;
  #payload: Uint8Array | undefined;
  // Bytes of the unfinished header, or of the unfinished payload.
  #filled = 0;

  /** `maxFrameBytes` bounds payloads until {@link FrameReader.agree} says otherwise. */
  constructor(maxFrameBytes: number, crc32: Crc32, memory: PayloadMemory = freshMemory) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#crc32 = crc32;
    this.#memory = memory;
  }

  /** Puts the agreed limit in force, from the next frame on. */
  agree(maxFrameBytes: number): void {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes of an unfinished frame that are kept. */
  get bufferedBytes(): number {
    return this.#filled;
  }

  /** What is missing of the payload under way, as memory to read it into; `undefined` where no payload is. */
  get space(): Uint8Array | undefined {
    return this.#payload?.subarray(this.#filled);
  }

  /** Notes that `bytes` of {@link FrameReader.space} were filled, and gives the frame that they complete, unless it is one to leave out. */
  filled(bytes: number): Frame | undefined {
    this.#filled += bytes;
    const payload = this.#payload;
    if (payload === undefined || this.#filled < payload.length) return undefined;
    this.#payload = undefined;
    this.#filled = 0;
    return this.#finish(payload);
  }

  /**
   * Takes the next bytes and gives the frames they complete. Frames of unknown types that are not critical are left out.
   *
   * Payloads may be views into a `chunk` that is kept.
   *
   * @throws {@link DwcpError} `dwcp.header_crc`, `dwcp.frame_too_large`; `dwcp.protocol` for reserved bits, and for a critical
   *   frame of unknown type. Nothing can be read after that.
   */
  *push(chunk: Uint8Array, ownership: ChunkOwnership = "kept"): Generator<Frame, void, undefined> {
    let rest = chunk;
    for (;;) {
      if (this.#header === undefined) {
        rest = this.#takeHeader(rest);
        if (this.#header === undefined) return;
      }
      const missing = this.#header.payloadBytes - (this.#payload === undefined ? 0 : this.#filled);
      if (rest.length === 0 && missing > 0) return;
      const bytes = rest.subarray(0, missing);
      rest = rest.subarray(bytes.length);
      const frame =
        this.#payload === undefined && bytes.length === missing
          ? this.#finish(ownership === "kept" ? bytes : new Uint8Array(bytes))
          : this.#gather(bytes, this.#header.payloadBytes);
      if (frame !== undefined) yield frame;
      if (this.#payload !== undefined) return;
    }
  }

  #gather(bytes: Uint8Array, payloadBytes: number): Frame | undefined {
    this.#payload ??= this.#memory.take(payloadBytes);
    this.#payload.set(bytes, this.#filled);
    return this.filled(bytes.length);
  }

  // Returns what comes behind the header.
  #takeHeader(chunk: Uint8Array): Uint8Array {
    const bytes = chunk.subarray(0, FRAME_HEADER_BYTES - this.#filled);
    this.#head.set(bytes, this.#filled);
    this.#filled += bytes.length;
    if (this.#filled === FRAME_HEADER_BYTES) {
      this.#filled = 0;
      this.#header = decodeFrameHeader(this.#head, this.#maxFrameBytes, this.#crc32);
      if (this.#header !== undefined) checkKnown(this.#header);
    }
    return chunk.subarray(bytes.length);
  }

  #finish(payload: Uint8Array): Frame | undefined {
    const header = this.#header;
    this.#header = undefined;
    if (header === undefined || frameNameOf(header.type) === undefined) return undefined;
    return { ...header, payload };
  }
}

function checkKnown({ type, flags }: FrameHeader): void {
  if ((flags & FLAG_CRITICAL) !== 0 && frameNameOf(type) === undefined) {
    throw new DwcpError("dwcp.protocol", `a critical frame of unknown type ${type}`);
  }
}
