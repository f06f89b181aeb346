import type { XcpError } from "./errors.js";
import type { FrameHeader } from "./wire/header.js";

/** A frame of msgType ≥ 0x0100 after CRC and AEAD: its payload is plaintext. */
export interface ChunkFrame {
  readonly flags: number;
  readonly header: FrameHeader;
  readonly payload: Uint8Array;
}
export type ChunkEvent =
  /** A whole message; header is the first chunk's, flags have no MORE. */
  | {
      readonly kind: "message";
      readonly flags: number;
      readonly header: FrameHeader;
      readonly payload: Uint8Array;
    }
  /** The first chunk of a train came. Call `divert(channelId)` before the next `accept` to get the bytes as they come. */
  | {
      readonly kind: "started";
      readonly flags: number;
      readonly header: FrameHeader;
      readonly announcedBytes: number | undefined;
    }
  /** Only after `divert`. */
  | { readonly kind: "chunk"; readonly header: FrameHeader; readonly payload: Uint8Array }
  /** The last chunk of a diverted train was handed over. */
  | { readonly kind: "ended"; readonly flags: number; readonly header: FrameHeader }
  /** The sender gave up (xcp.abort): no NACK. */
  | { readonly kind: "aborted"; readonly header: FrameHeader }
  /** NACK this message (if msgId is not 0) with `error`. */
  | { readonly kind: "failed"; readonly header: FrameHeader; readonly error: XcpError };

export interface ChunkAssemblerOptions {
  readonly maxMessageBytes: number;
  readonly chunkTimeoutMs: number;
  /** All partial messages together; default 2 × maxMessageBytes. */
  readonly maxPartialBytes?: number;
}
/** One per connection and direction. Feed it every frame of msgType ≥ 0x0100; see `isIdle` for the fast path. */
export class ChunkAssembler {
  constructor(options: ChunkAssemblerOptions) {
    void options;
  }
  /** Whether a frame without MORE on this channel is a whole message, so that it needs no assembler (mind xcp.abort). */
  isIdle(channelId: number): boolean {
    void channelId;
    throw new Error("to be filled");
  }
  /** Index of this frame in its train: the chunk index of §12. Ask before `accept`/`reject`. */
  indexOf(header: FrameHeader): number {
    void header;
    throw new Error("to be filled");
  }
  accept(nowUs: number, frame: ChunkFrame): void {
    void [nowUs, frame];
  }
  /** A frame of a train that failed CRC, AEAD or the size check: the caller NACKs `header.msgId`; no event for it. */
  reject(nowUs: number, flags: number, header: FrameHeader): void {
    void [nowUs, flags, header];
  }
  nextEvent(): ChunkEvent | undefined {
    throw new Error("to be filled");
  }
  /** Stops gathering: the bytes so far, and later chunks, come as "chunk" events. */
  divert(channelId: number, maxBytes?: number): void {
    void [channelId, maxBytes];
  }
  /** The owner gave up on the train of this channel (and NACKs it): its further chunks are ignored. */
  abandon(channelId: number): void {
    void channelId;
  }
  get partialBytes(): number {
    throw new Error("to be filled");
  }
  nextDeadlineUs(): number | undefined {
    throw new Error("to be filled");
  }
  tick(nowUs: number): void {
    void nowUs;
  }
}
