import type { WireError } from "@proj/wire-types";
import { ChunkAssembler } from "./chunk-assembler.js";
import type { ChunkEvent } from "./chunk-event.js";
import { decompressBody } from "./compression.js";
import { XcpError } from "./errors.js";
import { FailureWindow } from "./failure-window.js";
import type { FrameOpener } from "./frame-cipher.js";
import type { Inbound } from "./inbound.js";
import type { Inbox } from "./inbox.js";
import { IncomingStreams } from "./incoming-streams.js";
import { KnownChannels } from "./known-channels.js";
import type { Negotiated } from "./negotiated.js";
import { PayloadOpening } from "./payload-opening.js";
import type { Sender } from "./sender.js";
import type { SessionCore } from "./session-core.js";
import { Flag, MsgType, ReservedTag, TAG_BYTES } from "./wire/constants.js";
import type { FrameEvent, ReceivedFrame, RejectedFrame } from "./wire/frame-event.js";
import { type FrameHeader, tagValue } from "./wire/header.js";

/** What the intake asks of its session. */
export interface IntakeHooks {
  /** Whether the driver takes a message in pieces, and into what; decided at its first chunk. */
  readonly wantsStream: ((header: FrameHeader) => unknown) | undefined;
  /** A whole, decrypted control frame. */
  control(header: FrameHeader, payload: Uint8Array): void;
}

/**
 * Turns frames into messages: AEAD, chunks, decompression, and what to do when one of them fails.
 *
 * @see spec/xcp.md §3, §11, §12
 */
export class FrameIntake {
  readonly #core: SessionCore;
  readonly #inbox: Inbox;
  readonly #sender: Sender;
  readonly #hooks: IntakeHooks;
  readonly #negotiated: Negotiated;
  readonly #opening: PayloadOpening;
  #assembler: ChunkAssembler;
  readonly #crcFailures: FailureWindow;
  readonly #channels: KnownChannels;
  readonly #streams: IncomingStreams;

  constructor(
    core: SessionCore,
    parts: { readonly inbox: Inbox; readonly sender: Sender; readonly opener?: FrameOpener },
    negotiated: Negotiated,
    hooks: IntakeHooks,
  ) {
    const { limits } = core.config;
    this.#core = core;
    this.#inbox = parts.inbox;
    this.#sender = parts.sender;
    this.#opening = new PayloadOpening(core, parts.opener);
    this.#channels = new KnownChannels(limits.maxChannels);
    this.#negotiated = negotiated;
    this.#hooks = hooks;
    this.#streams = new IncomingStreams(core, parts.inbox, negotiated);
    this.#assembler = this.#newAssembler();
    this.#crcFailures = new FailureWindow(limits.maxCrcFailures, limits.crcFailureWindowMs * 1000);
  }

  /** Bytes of messages that came in part. */
  get partialBytes(): number {
    return this.#assembler.partialBytes;
  }

  /** Epoch of the receiving keys. */
  get epoch(): number {
    return this.#opening.epoch;
  }

  /** When an unfinished message is given up. */
  get dueUs(): number {
    return this.#assembler.nextDeadlineUs() ?? Number.POSITIVE_INFINITY;
  }

  /** Takes one frame. */
  receive(event: FrameEvent): void {
    const { header } = event;
    if (event.kind === "rejected") this.#reject(event, header);
    else if (header.msgType < MsgType.DATA) this.#receiveControl(event, header);
    else this.#receiveMessage(event, header);
  }

  /** Gives up messages that made no progress. */
  tick(): void {
    this.#assembler.tick(this.#core.nowUs);
    this.#drainAssembler();
  }

  /** The driver wants no more of a streamed message, and refuses it. */
  abandon(inbound: Inbound): void {
    if (this.#streams.forget(inbound) === "unknown") return;
    this.#assembler.abandon(inbound.message.channelId);
  }

  /** Gives up every message that came in part, when the session ends. */
  abortAll(error: WireError): void {
    this.#assembler = this.#newAssembler();
    this.#streams.abortAll(error);
  }

  /** Erases the keys. */
  erase(): void {
    this.#opening.erase();
  }

  #newAssembler(): ChunkAssembler {
    return new ChunkAssembler({
      maxMessageBytes: this.#negotiated.maxMessageBytes,
      chunkTimeoutMs: this.#core.config.limits.chunkTimeoutMs,
      allocate: this.#core.config.platform.allocate,
    });
  }

  #receiveControl(frame: ReceivedFrame, header: FrameHeader): void {
    const payload = this.#open(frame, header, 0, undefined);
    if (payload !== undefined && this.#inbox.admitsControl(header)) {
      this.#hooks.control(header, payload);
    }
  }

  #receiveMessage(frame: ReceivedFrame, header: FrameHeader): void {
    const { flags } = frame;
    if (!this.#channels.admits(header.channelId)) {
      const { maxChannels } = this.#core.config.limits;
      const error = `channel ${header.channelId} beyond ${maxChannels}`;
      this.#inbox.answers.refuseFrame(header, new XcpError("xcp.channel_limit", error));
      return;
    }
    const payload = this.#openMessage(frame, header);
    if (payload === undefined) return;
    if (header.msgType === MsgType.DATA) {
      this.#core.traffic.received.countData(header.bodyCodec, frame.payload.length);
    }
    const whole =
      (flags & Flag.MORE) === 0 &&
      this.#assembler.isIdle(header.channelId) &&
      (header.tags.length === 0 || tagValue(header.tags, ReservedTag.ABORT) !== "1");
    if (whole) {
      this.#complete(flags, header, payload);
      return;
    }
    this.#assembler.accept(this.#core.nowUs, { flags, header, payload });
    this.#drainAssembler();
  }

  // A chunk of an encrypted message goes straight to its place.
  #openMessage(frame: ReceivedFrame, header: FrameHeader): Uint8Array | undefined {
    const { flags, payload } = frame;
    if ((flags & Flag.CRYPT) === 0) return this.#open(frame, header, 0, undefined);
    const index = this.#assembler.indexOf(header);
    const into = this.#assembler.placeOf(flags, header, payload.length - TAG_BYTES);
    return this.#open(frame, header, index, into);
  }

  // `undefined`: the frame was answered and dropped.
  #open(
    frame: ReceivedFrame,
    header: FrameHeader,
    chunkIndex: number,
    into: Uint8Array | undefined,
  ): Uint8Array | undefined {
    const opened = this.#opening.open(frame, chunkIndex, into);
    if (!(opened instanceof XcpError)) return opened;
    this.#damaged(frame.flags, header, opened);
    return undefined;
  }

  #reject(event: RejectedFrame, header: FrameHeader): void {
    if (event.error.code === "xcp.crc_mismatch") {
      this.#core.traffic.crcErrors++;
      this.#core.log.write("warn", "xcp.crc_error", {}, header);
      if (this.#crcFailures.add(this.#core.nowUs)) {
        this.#core.fail(event.error);
        return;
      }
    }
    this.#damaged(event.flags, header, event.error);
  }

  // A frame that cannot be used: NACK it, and with it the message it may be a part of.
  #damaged(flags: number, header: FrameHeader, error: XcpError): void {
    if (header.msgType === MsgType.NACK) {
      this.#sender.refusalLost(header.inReplyTo, error);
      return;
    }
    if (header.msgType >= MsgType.DATA) {
      this.#assembler.reject(this.#core.nowUs, flags, header);
      this.#streams.drop(header, error);
      this.#drainAssembler();
    }
    this.#inbox.answers.refuseDamaged(header, error);
  }

  #drainAssembler(): void {
    for (
      let event = this.#assembler.nextEvent();
      event !== undefined;
      event = this.#assembler.nextEvent()
    ) {
      this.#onChunkEvent(event);
    }
  }

  #onChunkEvent(event: ChunkEvent): void {
    switch (event.kind) {
      case "message":
        this.#complete(event.flags, event.header, event.payload);
        return;
      case "started":
        this.#start(event.flags, event.header);
        return;
      case "chunk":
        if (this.#streams.take(event.header, event.payload) === "refused") {
          this.#assembler.abandon(event.header.channelId);
        }
        return;
      case "ended":
        this.#streams.end(event.header);
        return;
      case "aborted":
        this.#aborted(event.header);
        return;
      case "failed":
        this.#failed(event.header, event.error);
    }
  }

  #complete(flags: number, header: FrameHeader, payload: Uint8Array): void {
    let body = payload;
    if ((flags & Flag.COMP) !== 0) {
      try {
        body = decompressBody(
          payload,
          this.#core.config.platform.zstd,
          this.#negotiated.maxMessageBytes,
        );
      } catch (error) {
        if (!(error instanceof XcpError)) throw error;
        this.#inbox.answers.refuseFrame(header, error);
        return;
      }
    }
    this.#inbox.deliver(header, flags, body, this.#hooks.wantsStream);
  }

  // A compressed message cannot be handed over before it is whole: it is one zstd frame.
  #start(flags: number, header: FrameHeader): void {
    const look = this.#inbox.look(header, flags, undefined);
    if (look === "unwanted") {
      this.#assembler.abandon(header.channelId);
      return;
    }
    if (this.#hooks.wantsStream === undefined || (flags & Flag.COMP) !== 0) return;
    const sink = this.#hooks.wantsStream(header);
    if (sink === undefined) return;
    const inbound = this.#inbox.begin(header, flags, new Uint8Array(0), look);
    inbound.sink = sink;
    if (!this.#inbox.beginStream(inbound, header)) {
      this.#assembler.abandon(header.channelId);
      return;
    }
    this.#streams.begin(inbound);
    this.#assembler.divert(header.channelId, this.#negotiated.maxMessageBytes);
  }

  #aborted(header: FrameHeader): void {
    const error = new XcpError("xcp.cancelled", "the sender gave the message up");
    this.#core.log.write("info", "xcp.chunk_abort", { direction: "received" }, header);
    this.#streams.drop(header, error);
    const waiting = this.#sender.awaiting(header.inReplyTo);
    if (waiting !== undefined) this.#sender.cancel(waiting, error);
  }

  #failed(header: FrameHeader, error: XcpError): void {
    this.#streams.drop(header, error);
    this.#inbox.answers.refuseDamaged(header, error);
  }
}
