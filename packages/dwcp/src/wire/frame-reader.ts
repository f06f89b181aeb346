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
  /** A view into what the transport gave, or a copy where the frame came in pieces. */
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

/**
 * Cuts a byte stream into frames.
 *
 * It keeps at most one frame, and only as many bytes of it as have come: a length alone allocates nothing.
 *
 * @see spec/dwcp.md B2
 */
export class FrameReader {
  readonly #crc32: Crc32;
  #maxFrameBytes: number;
  #pieces: Uint8Array[] = [];
  #buffered = 0;
  #header: FrameHeader | undefined;

  /** `maxFrameBytes` bounds payloads until {@link FrameReader.agree} says otherwise. */
  constructor(maxFrameBytes: number, crc32: Crc32) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#crc32 = crc32;
  }

  /** Puts the agreed limit in force, from the next frame on. */
  agree(maxFrameBytes: number): void {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes of an unfinished frame that are kept. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  /**
   * Takes the next bytes and gives the frames they complete. Frames of unknown types that are not critical are left out.
   *
   * Payloads may be views into `chunk`; an unfinished frame is copied.
   *
   * @throws {@link DwcpError} `dwcp.header_crc`, `dwcp.frame_too_large`; `dwcp.protocol` for reserved bits, and for a critical
   *   frame of unknown type. Nothing can be read after that.
   */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let rest = chunk;
    for (;;) {
      if (this.#header === undefined) {
        const head = this.#gather(rest, FRAME_HEADER_BYTES);
        if (head === undefined) return;
        rest = head.rest;
        this.#header = decodeFrameHeader(head.bytes, this.#maxFrameBytes, this.#crc32);
        if (this.#header === undefined) return;
        checkKnown(this.#header);
      }
      const body = this.#gather(rest, this.#header.payloadBytes);
      if (body === undefined) return;
      rest = body.rest;
      const header = this.#header;
      this.#header = undefined;
      if (frameNameOf(header.type) !== undefined) yield { ...header, payload: body.bytes };
    }
  }

  // `size` bytes from what is kept and `chunk`; keeps a copy of `chunk` while they are too few.
  #gather(
    chunk: Uint8Array,
    size: number,
  ): { readonly bytes: Uint8Array; readonly rest: Uint8Array } | undefined {
    const missing = size - this.#buffered;
    if (chunk.length < missing) {
      // Not slice(): that of a Buffer is a view.
      if (chunk.length > 0) this.#pieces.push(new Uint8Array(chunk));
      this.#buffered += chunk.length;
      return undefined;
    }
    const rest = chunk.subarray(missing);
    const last = chunk.subarray(0, missing);
    if (this.#buffered === 0) return { bytes: last, rest };
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const piece of [...this.#pieces, last]) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#buffered = 0;
    return { bytes, rest };
  }
}

function checkKnown({ type, flags }: FrameHeader): void {
  if ((flags & FLAG_CRITICAL) !== 0 && frameNameOf(type) === undefined) {
    throw new DwcpError("dwcp.protocol", `a critical frame of unknown type ${type}`);
  }
}
