import type { WireError } from "@proj/wire-types";
import { policyViolation } from "./codec-policy.js";
import { XcpError } from "./errors.js";
import type { Inbound } from "./inbound.js";
import type { Inbox } from "./inbox.js";
import type { Negotiated } from "./negotiated.js";
import type { SessionCore } from "./session-core.js";
import type { FrameHeader } from "./wire/header.js";

interface Stream {
  readonly inbound: Inbound;
  started: boolean;
}

/** The messages that the driver takes in pieces, at most one a channel. spec/xcp.md §11.3 */
export class IncomingStreams {
  readonly #core: SessionCore;
  readonly #inbox: Inbox;
  readonly #negotiated: Negotiated;
  readonly #streams = new Map<number, Stream>();

  constructor(core: SessionCore, inbox: Inbox, negotiated: Negotiated) {
    this.#core = core;
    this.#inbox = inbox;
    this.#negotiated = negotiated;
  }

  /** A message of which the driver takes every piece from now on. */
  begin(inbound: Inbound): void {
    this.#streams.set(inbound.message.channelId, { inbound, started: false });
  }

  /** Hands a piece to the driver; `refused` when that is not possible, which was answered. */
  take({ channelId }: FrameHeader, bytes: Uint8Array): "taken" | "refused" {
    const stream = this.#streams.get(channelId);
    if (stream === undefined) return "taken";
    const { inbound } = stream;
    const { msgType, bodyCodec } = inbound.message;
    // A policy looks at the beginning of a body.
    const problem = stream.started
      ? undefined
      : policyViolation(this.#negotiated.codecPolicy, msgType, bodyCodec, bytes);
    stream.started = true;
    if (problem === undefined && this.#inbox.hold(inbound, bytes.length)) {
      this.#core.events.push({ kind: "chunkReceived", inbound, bytes });
      return "taken";
    }
    const error = problem ?? new XcpError("xcp.busy", "the receiver of the stream is behind");
    this.#streams.delete(channelId);
    this.#inbox.abortStream(inbound, error);
    this.#inbox.answers.refuseFrame(inbound.message, error);
    return "refused";
  }

  /** The last piece was handed over. */
  end({ channelId }: FrameHeader): void {
    const stream = this.#streams.get(channelId);
    if (stream === undefined) return;
    this.#streams.delete(channelId);
    this.#inbox.endStream(stream.inbound);
  }

  /** The message will not be completed, if it is one of these. */
  drop({ channelId, msgId }: FrameHeader, error: XcpError): void {
    const stream = this.#streams.get(channelId);
    if (stream?.inbound.message.msgId !== msgId) return;
    this.#streams.delete(channelId);
    this.#inbox.abortStream(stream.inbound, error);
  }

  /** The driver wants no more of a message; `unknown` when it had all of it, or none. */
  forget(inbound: Inbound): "forgotten" | "unknown" {
    const { channelId } = inbound.message;
    if (this.#streams.get(channelId)?.inbound !== inbound) return "unknown";
    this.#streams.delete(channelId);
    return "forgotten";
  }

  /** None of them will be completed. */
  abortAll(error: WireError): void {
    for (const { inbound } of this.#streams.values()) this.#inbox.abortStream(inbound, error);
    this.#streams.clear();
  }
}
