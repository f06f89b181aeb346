import { equalBytes, type SchemaKey } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import { GatherBuffer } from "./gather-buffer.js";
import { WholeBuffer } from "./whole-buffer.js";
import { Flag, ReservedTag } from "./wire/constants.js";
import { type FrameHeader, type MsgId, tagValue } from "./wire/header.js";
import type { Allocate } from "./wire/payload-buffer.js";

/** A frame of msgType ≥ 0x0100 after CRC and AEAD: its payload is plaintext. */
export interface ChunkFrame {
  /** Bits of {@link Flag}. */
  readonly flags: number;
  /** The frame's header. */
  readonly header: FrameHeader;
  /** Kept until its message is complete. */
  readonly payload: Uint8Array;
}

/** What {@link ChunkAssembler} tells its owner. A `header` is that of the message's first chunk. */
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

/** What a {@link ChunkAssembler} is made with. */
export interface ChunkAssemblerOptions {
  /** Largest message, as it travels: compressed. */
  readonly maxMessageBytes: number;
  /** Longest silence in the middle of a message. */
  readonly chunkTimeoutMs: number;
  /** All unfinished messages together; twice `maxMessageBytes` when absent. */
  readonly maxPartialBytes?: number;
  /** The platform's memory, for whole messages. */
  readonly allocate?: Allocate | undefined;
}

interface Train {
  readonly header: FrameHeader;
  readonly announcedBytes: number | undefined;
  flags: number;
  bytes: number;
  maxBytes: number;
  chunks: number;
  deadlineUs: number;
  // Absent once the train is diverted.
  gathered: GatherBuffer | WholeBuffer | undefined;
}

interface Drain {
  readonly msgId: MsgId;
  chunks: number;
}

/**
 * Puts the chunks of messages together, per channel, for one direction of a connection.
 *
 * ```
 *          MORE            same id, MORE=0
 *   IDLE ────────► ASSEMBLING ────────► IDLE    message, ended, aborted
 *    ▲ │               │ violation, CRC or tag failure, timeout: failed
 *    │ └──(MORE, id 0)─┤
 *    │                 ▼
 *    └──(MORE=0)── DRAINING                     the rest of a lost message is ignored
 * ```
 *
 * From the network: `accept`, `reject`. Commands: `divert`, `abandon`. Then `nextEvent` until `undefined`. Time:
 * `nextDeadlineUs`, `tick`. The owner bounds the number of channels: each may hold one unfinished message.
 *
 * @see spec/xcp.md §11.3
 */
export class ChunkAssembler {
  readonly #maxMessageBytes: number;
  readonly #maxPartialBytes: number;
  readonly #timeoutUs: number;
  readonly #allocate: Allocate;
  // In the order of their last progress, so that the first is the first to time out.
  readonly #trains = new Map<number, Train>();
  readonly #drains = new Map<number, Drain>();
  readonly #events: ChunkEvent[] = [];
  #partialBytes = 0;

  /** Starts with every channel IDLE. */
  constructor(options: ChunkAssemblerOptions) {
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#maxPartialBytes = options.maxPartialBytes ?? 2 * options.maxMessageBytes;
    this.#timeoutUs = options.chunkTimeoutMs * 1000;
    this.#allocate = options.allocate ?? ((bytes) => new Uint8Array(bytes));
  }

  /** Bytes gathered for unfinished messages; diverted ones do not count. */
  get partialBytes(): number {
    return this.#partialBytes;
  }

  /** Whether a frame without MORE on this channel is a whole message, unless it carries `xcp.abort`. */
  isIdle(channelId: number): boolean {
    return !this.#trains.has(channelId) && !this.#drains.has(channelId);
  }

  /** The index of this frame in its message, which §12 makes nonces of. Ask before the frame is accepted or rejected. */
  indexOf(header: FrameHeader): number {
    const train = this.#trains.get(header.channelId);
    if (train?.header.msgId === header.msgId) return train.chunks;
    const drain = this.#drains.get(header.channelId);
    return drain?.msgId === header.msgId ? drain.chunks : 0;
  }

  /** Where the payload of this frame may be decrypted to; `undefined` where that place is not known yet. */
  placeOf(header: FrameHeader, length: number): Uint8Array | undefined {
    const train = this.#trains.get(header.channelId);
    if (train?.header.msgId !== header.msgId) return undefined;
    return train.gathered instanceof WholeBuffer ? train.gathered.place(length) : undefined;
  }

  /** Takes one frame. */
  accept(nowUs: number, frame: ChunkFrame): void {
    const { channelId, msgId } = frame.header;
    const train = this.#trains.get(channelId);
    if (train?.header.msgId === msgId) {
      this.#continue(nowUs, train, frame);
      return;
    }
    if (train !== undefined) this.#supersede(channelId, train);
    if (!this.#drained(frame.flags, frame.header)) this.#begin(nowUs, frame);
  }

  /** Takes the header of a frame that failed CRC, AEAD or a size check, which its caller answers. */
  reject(_nowUs: number, flags: number, header: FrameHeader): void {
    const { channelId, msgId } = header;
    const train = this.#trains.get(channelId);
    const ours = train?.header.msgId === msgId;
    const chunks = ours ? train.chunks : 0;
    if (ours) this.#forget(channelId, train);
    else if (train !== undefined) this.#supersede(channelId, train);
    if (!this.#drained(flags, header)) this.#drain(channelId, flags, { msgId, chunks });
  }

  /** The next event, or `undefined`. */
  nextEvent(): ChunkEvent | undefined {
    return this.#events.shift();
  }

  /**
   * Stops gathering the message of this channel: what came, and what comes, is handed over in `chunk` events.
   *
   * @param maxBytes Takes the place of `maxMessageBytes` for this message.
   */
  divert(channelId: number, maxBytes: number = this.#maxMessageBytes): void {
    const train = this.#trains.get(channelId);
    if (train?.gathered === undefined) return;
    const parts = train.gathered.takeParts();
    this.#partialBytes -= train.bytes;
    train.gathered = undefined;
    train.maxBytes = maxBytes;
    for (const payload of parts)
      this.#events.push({ kind: "chunk", header: train.header, payload });
  }

  /** Gives up the message of this channel: its further chunks are ignored. The caller answers it. */
  abandon(channelId: number): void {
    const train = this.#trains.get(channelId);
    if (train !== undefined) this.#lose(channelId, train, Flag.MORE);
  }

  /** When `tick` is due. */
  nextDeadlineUs(): number | undefined {
    const [first] = this.#trains.values();
    return first?.deadlineUs;
  }

  /** Fails the messages that made no progress for too long. */
  tick(nowUs: number): void {
    for (const [channelId, train] of this.#trains) {
      if (train.deadlineUs > nowUs) return;
      const silentMs = this.#timeoutUs / 1000;
      const error = new XcpError("xcp.chunk_timeout", `no chunk for ${silentMs} ms`);
      this.#fail(channelId, train, Flag.MORE, error);
    }
  }

  // IDLE
  #begin(nowUs: number, frame: ChunkFrame): void {
    const { flags, header, payload } = frame;
    const { channelId, msgId } = header;
    if ((flags & Flag.MORE) === 0) {
      this.#events.push(
        tagValue(header.tags, ReservedTag.ABORT) === "1"
          ? { kind: "aborted", header }
          : { kind: "message", flags, header, payload },
      );
      return;
    }
    const announced = tagValue(header.tags, ReservedTag.LENGTH);
    const announcedBytes = announced === undefined ? undefined : lengthOf(announced);
    const train: Train = {
      header,
      announcedBytes,
      flags,
      bytes: 0,
      maxBytes: this.#maxMessageBytes,
      chunks: 1,
      deadlineUs: nowUs + this.#timeoutUs,
      gathered:
        announcedBytes === undefined
          ? new GatherBuffer()
          : new WholeBuffer(announcedBytes, this.#allocate),
    };
    const error =
      msgId === 0
        ? stateError("a chunk without msgId")
        : Number.isNaN(announcedBytes)
          ? stateError(`${ReservedTag.LENGTH} is not a number`)
          : (this.#excess(train, announcedBytes ?? 0) ?? this.#excess(train, payload.length));
    if (error !== undefined) {
      this.#fail(channelId, train, flags, error);
      return;
    }
    this.#trains.set(channelId, train);
    this.#append(train, payload);
    this.#events.push({ kind: "started", flags, header, announcedBytes });
  }

  // ASSEMBLING
  #continue(nowUs: number, train: Train, frame: ChunkFrame): void {
    const { flags, header, payload } = frame;
    const { channelId } = header;
    const last = (flags & Flag.MORE) === 0;
    train.chunks++;
    if (last && tagValue(header.tags, ReservedTag.ABORT) === "1") {
      this.#forget(channelId, train);
      this.#events.push({ kind: "aborted", header: train.header });
      return;
    }
    const error = this.#violation(train, frame) ?? this.#excess(train, payload.length);
    if (error !== undefined) {
      this.#fail(channelId, train, flags, error);
      return;
    }
    this.#append(train, payload);
    train.flags |= flags & Flag.ACKREQ;
    if (!last) {
      train.deadlineUs = nowUs + this.#timeoutUs;
      this.#trains.delete(channelId);
      this.#trains.set(channelId, train);
      return;
    }
    if (train.announcedBytes !== undefined && train.announcedBytes !== train.bytes) {
      const missing = stateError(`${train.bytes} bytes, announced ${train.announcedBytes}`);
      this.#fail(channelId, train, flags, missing);
      return;
    }
    this.#finish(channelId, train);
  }

  #finish(channelId: number, train: Train): void {
    const { header, gathered } = train;
    const flags = train.flags & ~Flag.MORE;
    this.#forget(channelId, train);
    this.#events.push(
      gathered === undefined
        ? { kind: "ended", flags, header }
        : { kind: "message", flags, header, payload: gathered.take() },
    );
  }

  #violation(train: Train, frame: ChunkFrame): XcpError | undefined {
    const { flags, header, payload } = frame;
    if ((flags & Flag.MORE) !== 0 && payload.length === 0) {
      return stateError("an empty chunk that is not the last");
    }
    return isSameMessage(train, flags, header)
      ? undefined
      : stateError("the chunks of one message differ in their headers");
  }

  // Why `more` further bytes cannot be taken.
  #excess(train: Train, more: number): XcpError | undefined {
    const bytes = train.bytes + more;
    if (bytes > train.maxBytes) {
      return new XcpError(
        "xcp.message_too_large",
        `message of ${bytes} bytes or more, limit ${train.maxBytes}`,
      );
    }
    if (train.announcedBytes !== undefined && bytes > train.announcedBytes) {
      return stateError(`${bytes} bytes, announced ${train.announcedBytes}`);
    }
    if (train.gathered !== undefined && this.#partialBytes + more > this.#maxPartialBytes) {
      return new XcpError("xcp.busy", `unfinished messages of ${this.#partialBytes} bytes`);
    }
    return undefined;
  }

  #append(train: Train, payload: Uint8Array): void {
    train.bytes += payload.length;
    if (train.gathered === undefined) {
      if (payload.length > 0) this.#events.push({ kind: "chunk", header: train.header, payload });
      return;
    }
    train.gathered.append(payload);
    this.#partialBytes += payload.length;
  }

  // Another message began on the channel before this one ended.
  #supersede(channelId: number, train: Train): void {
    this.#forget(channelId, train);
    const error = stateError("another message began in its middle");
    this.#events.push({ kind: "failed", header: train.header, error });
  }

  #fail(channelId: number, train: Train, flags: number, error: XcpError): void {
    this.#lose(channelId, train, flags);
    this.#events.push({ kind: "failed", header: train.header, error });
  }

  #lose(channelId: number, train: Train, flags: number): void {
    this.#forget(channelId, train);
    this.#drain(channelId, flags, { msgId: train.header.msgId, chunks: train.chunks - 1 });
  }

  #forget(channelId: number, train: Train): void {
    if (!this.#trains.delete(channelId)) return;
    if (train.gathered !== undefined) this.#partialBytes -= train.bytes;
  }

  // The rest of a message is ignored, unless this was its last frame.
  #drain(channelId: number, flags: number, drain: Drain): void {
    if ((flags & Flag.MORE) === 0) return;
    drain.chunks++;
    this.#drains.set(channelId, drain);
  }

  // DRAINING: tells whether the frame belongs to the message that is ignored.
  #drained(flags: number, header: FrameHeader): boolean {
    const { channelId, msgId } = header;
    const drain = this.#drains.get(channelId);
    if (drain === undefined) return false;
    const ours = drain.msgId === msgId;
    drain.chunks++;
    if (!ours || (flags & Flag.MORE) === 0) this.#drains.delete(channelId);
    return ours;
  }
}

function isSameMessage(train: Train, flags: number, header: FrameHeader): boolean {
  const first = train.header;
  return (
    ((train.flags ^ flags) & (Flag.COMP | Flag.CRYPT)) === 0 &&
    first.bodyCodec === header.bodyCodec &&
    first.msgType === header.msgType &&
    first.inReplyTo === header.inReplyTo &&
    isSameKey(first.schemaKey, header.schemaKey)
  );
}

function isSameKey(a: SchemaKey | undefined, b: SchemaKey | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const sameHash =
    a.hash128 === undefined || b.hash128 === undefined
      ? a.hash128 === b.hash128
      : equalBytes(a.hash128, b.hash128);
  return (
    sameHash &&
    a.nsHash === b.nsHash &&
    a.kindId === b.kindId &&
    a.major === b.major &&
    a.minor === b.minor
  );
}

// NaN for what is not a decimal number.
function lengthOf(text: string): number {
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

function stateError(message: string): XcpError {
  return new XcpError("xcp.chunk_state", message);
}
