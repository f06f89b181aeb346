import { ChunkDrains } from "./chunk-drains.js";
import type { ChunkEvent } from "./chunk-event.js";
import { announcedLength, type ChunkFrame, ChunkTrain, stateError } from "./chunk-train.js";
import { XcpError } from "./errors.js";
import { WholeBuffer } from "./whole-buffer.js";
import { Flag, ReservedTag } from "./wire/constants.js";
import { type FrameHeader, tagValue } from "./wire/header.js";
import type { Allocate } from "./wire/payload-buffer.js";

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
  readonly #trains = new Map<number, ChunkTrain>();
  readonly #drains = new ChunkDrains();
  readonly #events: ChunkEvent[] = [];
  #partialBytes = 0;
  // The message whose first chunk was given a place, until that chunk is taken or refused.
  #ahead: { readonly header: FrameHeader; readonly whole: WholeBuffer } | undefined;

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
    return this.#drains.indexOf(header);
  }

  /** Where the payload of this frame may be decrypted to; `undefined` where that place is not known. */
  placeOf(flags: number, header: FrameHeader, length: number): Uint8Array | undefined {
    if (length < 0) return undefined;
    const train = this.#trains.get(header.channelId);
    if (train?.header.msgId === header.msgId) return train.placeOf(length);
    if ((flags & Flag.MORE) === 0 || !this.isIdle(header.channelId)) return undefined;
    const announced = announcedLength(header);
    // NaN is not below anything either.
    if (announced === undefined || !(announced <= this.#maxMessageBytes)) return undefined;
    const whole = new WholeBuffer(announced, this.#allocate);
    this.#ahead = { header, whole };
    return whole.place(length);
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
    if (!this.#drains.takes(frame.flags, frame.header)) this.#begin(nowUs, frame);
  }

  /** Takes the header of a frame that failed CRC, AEAD or a size check, which its caller answers. */
  reject(_nowUs: number, flags: number, header: FrameHeader): void {
    this.#ahead = undefined;
    const { channelId, msgId } = header;
    const train = this.#trains.get(channelId);
    const ours = train?.header.msgId === msgId;
    const chunks = ours ? train.chunks : 0;
    if (ours) this.#forget(channelId, train);
    else if (train !== undefined) this.#supersede(channelId, train);
    if (!this.#drains.takes(flags, header)) this.#drains.begin(channelId, flags, msgId, chunks);
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
    const train = new ChunkTrain(
      frame,
      this.#maxMessageBytes,
      this.#allocate,
      this.#takeAhead(header),
    );
    train.deadlineUs = nowUs + this.#timeoutUs;
    const { announcedBytes } = train;
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

  #takeAhead(header: FrameHeader): WholeBuffer | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead?.header === header ? ahead.whole : undefined;
  }

  // ASSEMBLING
  #continue(nowUs: number, train: ChunkTrain, frame: ChunkFrame): void {
    const { flags, header, payload } = frame;
    const { channelId } = header;
    const last = (flags & Flag.MORE) === 0;
    train.chunks++;
    if (last && tagValue(header.tags, ReservedTag.ABORT) === "1") {
      this.#forget(channelId, train);
      this.#events.push({ kind: "aborted", header: train.header });
      return;
    }
    const error = train.violation(frame) ?? this.#excess(train, payload.length);
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
    const missing = train.missing();
    if (missing !== undefined) {
      this.#fail(channelId, train, flags, missing);
      return;
    }
    this.#finish(channelId, train);
  }

  #finish(channelId: number, train: ChunkTrain): void {
    const { header, gathered } = train;
    const flags = train.flags & ~Flag.MORE;
    this.#forget(channelId, train);
    this.#events.push(
      gathered === undefined
        ? { kind: "ended", flags, header }
        : { kind: "message", flags, header, payload: gathered.take() },
    );
  }

  // Why `more` further bytes cannot be taken.
  #excess(train: ChunkTrain, more: number): XcpError | undefined {
    const error = train.excess(more);
    if (error !== undefined || train.gathered === undefined) return error;
    return this.#partialBytes + more > this.#maxPartialBytes
      ? new XcpError("xcp.busy", `unfinished messages of ${this.#partialBytes} bytes`)
      : undefined;
  }

  #append(train: ChunkTrain, payload: Uint8Array): void {
    train.bytes += payload.length;
    if (train.gathered === undefined) {
      if (payload.length > 0) this.#events.push({ kind: "chunk", header: train.header, payload });
      return;
    }
    train.gathered.append(payload);
    this.#partialBytes += payload.length;
  }

  // Another message began on the channel before this one ended.
  #supersede(channelId: number, train: ChunkTrain): void {
    this.#forget(channelId, train);
    const error = stateError("another message began in its middle");
    this.#events.push({ kind: "failed", header: train.header, error });
  }

  #fail(channelId: number, train: ChunkTrain, flags: number, error: XcpError): void {
    this.#lose(channelId, train, flags);
    this.#events.push({ kind: "failed", header: train.header, error });
  }

  #lose(channelId: number, train: ChunkTrain, flags: number): void {
    this.#forget(channelId, train);
    this.#drains.begin(channelId, flags, train.header.msgId, train.chunks - 1);
  }

  #forget(channelId: number, train: ChunkTrain): void {
    if (!this.#trains.delete(channelId)) return;
    if (train.gathered !== undefined) this.#partialBytes -= train.bytes;
  }
}
