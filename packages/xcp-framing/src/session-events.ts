import type { WireError } from "@proj/wire-types";
import type { Inbound } from "./inbound.js";
import type { IncomingMessage } from "./message.js";
import type { Negotiated } from "./negotiated.js";
import type { Terms } from "./renegotiation.js";
import type { Transfer } from "./transfer.js";
import type { ClarifyReq, ClarifyRes, ConfirmReq, ConfirmRes, Release } from "./wire/control.js";
import type { MsgId } from "./wire/header.js";
import type { Hello } from "./wire/hello.js";

/** A question of the peer about one of this end's messages, to be answered with `Session.answer…`. */
export interface AskedQuestion {
  readonly channelId: number;
  readonly msgId: MsgId;
  /** The message it is about. */
  readonly about: MsgId;
}

/** News from a session for its driver. */
export type SessionEvent =
  /** The peer's credential is to be judged: `Session.authorize`. */
  | { readonly kind: "credentialPresented"; readonly hello: Hello }
  /** The handshake is done. */
  | { readonly kind: "opened"; readonly negotiated: Negotiated }
  /** NEGOTIATE changed the terms. */
  | { readonly kind: "termsChanged"; readonly negotiated: Negotiated }
  /** A whole message of the peer: answer with `Session.reply` or `Session.refuse`. */
  | Inbound
  /** Bytes of a streamed message. Release them with `Session.released`. */
  | { readonly kind: "chunkReceived"; readonly inbound: Inbound; readonly bytes: Uint8Array }
  /** A streamed message is complete: answer as for a whole one. */
  | { readonly kind: "streamEnded"; readonly inbound: Inbound }
  /** A streamed message will not be completed; the peer was told already. */
  | { readonly kind: "streamAborted"; readonly inbound: Inbound; readonly error: WireError }
  /** A message of this end got its reply. */
  | { readonly kind: "replied"; readonly transfer: Transfer; readonly reply: IncomingMessage }
  /** A message of this end that expects no reply did what it was to do: written, or ACKed. */
  | { readonly kind: "delivered"; readonly transfer: Transfer }
  /** A message of this end failed for good. */
  | { readonly kind: "failed"; readonly transfer: Transfer; readonly error: WireError }
  /** A message of this end is sent again under another id, because encryption forbids the old one. §12 */
  | { readonly kind: "renumbered"; readonly transfer: Transfer }
  /** A streamed body of this end may go on. */
  | { readonly kind: "bodyWanted"; readonly transfer: Transfer }
  | {
      readonly kind: "clarifyAsked";
      readonly question: AskedQuestion;
      readonly request: ClarifyReq;
    }
  | {
      readonly kind: "confirmAsked";
      readonly question: AskedQuestion;
      readonly request: ConfirmReq;
    }
  /** The answer to this end's question. */
  | { readonly kind: "clarified"; readonly inbound: Inbound; readonly response: ClarifyRes }
  | { readonly kind: "confirmed"; readonly inbound: Inbound; readonly response: ConfirmRes }
  /** This end's question stays without a usable answer. */
  | { readonly kind: "questionFailed"; readonly inbound: Inbound; readonly error: WireError }
  /** A stored result answered the message: its handler need not go on. */
  | { readonly kind: "superseded"; readonly inbound: Inbound }
  | { readonly kind: "leaseReleased"; readonly release: Release }
  | { readonly kind: "ponged"; readonly owner: unknown; readonly rttUs: number }
  | { readonly kind: "negotiated"; readonly owner: unknown; readonly terms: Terms }
  | { readonly kind: "commandFailed"; readonly owner: unknown; readonly error: WireError }
  /** The peer takes no new requests. */
  | { readonly kind: "peerGoingAway" }
  /** Everything is finished on both sides: end the transport. */
  | { readonly kind: "drained" }
  /** The session is over; what is left of `transmit` may still be written. */
  | { readonly kind: "closed"; readonly error: WireError | undefined };
