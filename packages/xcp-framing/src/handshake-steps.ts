import { XcpError } from "./errors.js";
import type { Agreement } from "./handshake.js";
import type { HandshakeFacts, HandshakeTranscript } from "./handshake-result.js";
import type { SessionCore } from "./session-core.js";
import type { Profile } from "./wire/constants.js";
import type { ReceivedFrame } from "./wire/frame-event.js";
import { type FrameHeader, type MsgId, NO_TAGS } from "./wire/header.js";
import type { ControlCodec, Hello } from "./wire/hello.js";

/** The `msgId` of HELLO and CAPS. */
export const HELLO_ID = 1;

/** What the peer offered, in agreement with this end, before its credential is judged. */
export interface Candidate {
  readonly hello: Hello;
  readonly payload: Uint8Array;
  readonly codec: ControlCodec;
  readonly header: FrameHeader;
  readonly agreement: Agreement;
}

/** What a handshake came to, with what keys are made from. */
export interface HandshakeOutcome {
  readonly agreement: Agreement;
  readonly peer: Hello;
  readonly facts: HandshakeFacts;
  readonly transcript: HandshakeTranscript;
}

/** One role's part in a handshake. */
export interface HandshakeSide {
  /** Begins; says HELLO if that is its part. */
  start(profile: Profile): void;
  /**
   * Takes a frame; gives what is to be judged, once the peer said it.
   *
   * @throws XcpError what ends the session
   */
  receive(frame: ReceivedFrame): Candidate | undefined;
  /** The candidate may stay: what is agreed. */
  accept(candidate: Candidate): HandshakeOutcome;
  /** Ends the session because the candidate may not stay. */
  refuse(error: XcpError, header: FrameHeader): void;
  /** Gives up what a handshake that never finished holds. */
  dispose(): void;
}

/** Queues HELLO or CAPS. */
export function sendHandshake(
  core: SessionCore,
  msgType: number,
  body: { readonly codec: ControlCodec; readonly payload: Uint8Array },
  inReplyTo: MsgId,
): void {
  core.outbox.pushControl({
    header: {
      channelId: 0,
      msgType,
      bodyCodec: body.codec,
      schemaKey: undefined,
      msgId: HELLO_ID,
      inReplyTo,
      tags: NO_TAGS,
    },
    payload: body.payload,
  });
}

/** A frame that has no business before the session is open. */
export function unexpected(msgType: number): XcpError {
  return new XcpError(
    "xcp.hello_expected",
    `message type 0x${msgType.toString(16).padStart(4, "0")} before the handshake is done`,
  );
}

/** What a peer of v0.1 said by its HELLO, which has no body. */
export function emptyHello(): Hello {
  return { codecs: [], accepts: [], emits: [], sharedMem: false, features: undefined };
}
