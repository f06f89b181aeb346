import type { XcpError } from "./errors.js";
import type { FrameHeader } from "./wire/header.js";

/** What a `ChunkAssembler` tells its owner. A `header` is that of the message's first chunk. */
export type ChunkEvent =
  /** A message is whole; `flags` have no MORE. */
  | {
      readonly kind: "message";
      readonly flags: number;
      readonly header: FrameHeader;
      readonly payload: Uint8Array;
    }
  /** The first chunk of several came: the moment to `divert`. */
  | {
      readonly kind: "started";
      readonly flags: number;
      readonly header: FrameHeader;
      readonly announcedBytes: number | undefined;
    }
  /** Bytes of a diverted message, in order. */
  | { readonly kind: "chunk"; readonly header: FrameHeader; readonly payload: Uint8Array }
  /** All bytes of a diverted message were handed over. */
  | { readonly kind: "ended"; readonly flags: number; readonly header: FrameHeader }
  /** The sender gave the message up: nothing to answer. */
  | { readonly kind: "aborted"; readonly header: FrameHeader }
  /** The message is lost: NACK it with `error`. */
  | { readonly kind: "failed"; readonly header: FrameHeader; readonly error: XcpError };
