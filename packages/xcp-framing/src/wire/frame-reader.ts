import type { XcpError } from "../errors.js";
import type { Profile } from "./constants.js";
import type { Crc32c } from "./frame.js";
import type { FrameHeader } from "./header.js";

/** A whole frame whose CRC is right. */
export interface ReceivedFrame {
  readonly kind: "frame";
  readonly ver: number;
  readonly flags: number;
  /** In profile v0.1 a {@link V01Header}. */
  readonly header: FrameHeader;
  /** Prefix and HEADER as they came, for frames with CRYPT; empty otherwise. */
  readonly aad: Uint8Array;
  readonly payload: Uint8Array;
}
/** A frame that is to be answered with a NACK and skipped. After one that exceeds maxMessageBytes the next `next()` throws. */
export interface RejectedFrame {
  readonly kind: "rejected";
  readonly flags: number;
  readonly header: FrameHeader;
  readonly error: XcpError;
}
export type FrameEvent = ReceivedFrame | RejectedFrame;
export interface FrameReaderLimits {
  readonly maxFrameBytes: number;
  readonly maxMessageBytes: number;
}
export interface FrameReaderOptions {
  readonly crc32c: Crc32c;
  /** `maxHeaderBytes` holds always; PLEN is capped at 65 536 (fatal above) until `setLimits`. */
  readonly limits: { readonly maxHeaderBytes: number };
  /** Absent: learnt from the first frame (responder). */
  readonly profile?: Profile;
  /** Recognise v0.1 when `profile` is absent; default false. */
  readonly acceptV01?: boolean;
}
export class FrameReader {
  constructor(options: FrameReaderOptions) {
    void options;
  }
  get profile(): Profile | undefined {
    throw new Error("to be filled");
  }
  /** v0.2-json: the byte order of CRCs once learnt. Senders use it too. */
  get crcOrder(): "le" | "be" | undefined {
    throw new Error("to be filled");
  }
  /** Call after the handshake. */
  setLimits(limits: FrameReaderLimits): void {
    void limits;
  }
  /** Flag bits to accept besides LARGE; none until called. HELLO and CAPS carry none anyway. */
  setAllowedFlags(mask: number): void {
    void mask;
  }
  push(chunk: Uint8Array): void {
    void chunk;
  }
  next(): FrameEvent | undefined {
    throw new Error("to be filled");
  }
  /** Whether the bytes so far end inside a frame. */
  get partial(): boolean {
    throw new Error("to be filled");
  }
}
