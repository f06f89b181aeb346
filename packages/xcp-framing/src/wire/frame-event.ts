import type { XcpError } from "../errors.js";
import type { FrameHeader } from "./header.js";

/** A whole frame whose CRC is right. */
export interface ReceivedFrame {
  /** Tells it from a {@link RejectedFrame}. */
  readonly kind: "frame";
  /** VER as the peer sent it. */
  readonly ver: number;
  /** Bits of {@link Flag}, all of them allowed. */
  readonly flags: number;
  /** In profile v0.1 a {@link V01Header}. */
  readonly header: FrameHeader;
  /** Prefix and HEADER as they came, of a frame with CRYPT, valid until the next frame is read; empty otherwise. */
  readonly aad: Uint8Array;
  /**
   * Maybe a view of the chunk it came in, maybe misaligned; from 64 KiB on, and out of lent chunks, a copy. With CRYPT it is
   * ciphertext, and valid until the next frame is read.
   */
  readonly payload: Uint8Array;
}

/**
 * A frame to be answered with a NACK and skipped: its CRC is wrong or it is too large.
 *
 * The payload of one that is too large is dropped as it arrives; when it exceeds even `maxMessageBytes` the next call of
 * `next` throws the same error.
 */
export interface RejectedFrame {
  /** Tells it from a {@link ReceivedFrame}. */
  readonly kind: "rejected";
  /** As in {@link ReceivedFrame}. */
  readonly flags: number;
  /** Nothing vouches for it: the CRC does not cover headers. */
  readonly header: FrameHeader;
  /** `xcp.crc_mismatch` or `xcp.message_too_large`. */
  readonly error: XcpError;
}

/** What a `FrameReader` finds. */
export type FrameEvent = ReceivedFrame | RejectedFrame;
