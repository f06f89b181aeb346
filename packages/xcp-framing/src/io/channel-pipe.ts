import {
  asWireError,
  type ByteStream,
  concatBytes,
  type MessagePipe,
  type MessagePipeHandlers,
  type TransportInfo,
  type WireError,
} from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { PREFIX_BYTES } from "../wire/constants.js";
import { decodeCapnpHeader } from "../wire/header-capnp.js";
import { decodeJsonHeader } from "../wire/header-json.js";
import { loadU16 } from "../wire/little-endian.js";
import { FrameSplitter, type FrameSplitterLimits } from "./frame-splitter.js";

/** Options of {@link ChannelPipe}. */
export interface ChannelPipeOptions {
  /** Limits of a frame. */
  readonly limits: FrameSplitterLimits;
  /** Opens the stream of a channel; absent on the side that cannot open streams. */
  readonly openStream?: (channelId: number) => ByteStream;
}

/** One stream of the session. */
interface Lane {
  readonly stream: ByteStream;
  readonly splitter: FrameSplitter;
  owesDrain: boolean;
  ended: boolean;
}

const HLEN_AT = 6;
const BRACE = 0x7b;

/**
 * Carries one session on several byte streams, one for each channel; every message is one frame. spec/xcp.md §20
 *
 * A frame leaves on the stream that carried the first frame of its channel in this direction, so that the order within
 * a channel holds: the channel's own stream, or that of channel 0 when this side can open none. Frames are taken from
 * whichever stream they come on. The pipe is gone when all its streams are, or when one of them fails.
 */
export class ChannelPipe implements MessagePipe {
  readonly info: TransportInfo;
  readonly #options: ChannelPipeOptions;
  readonly #lanes = new Map<number, Lane>();
  readonly #routes = new Map<number, Lane>();
  #handlers: MessagePipeHandlers | undefined;
  #early: { readonly error: WireError | undefined } | undefined;
  #openLanes = 0;
  #paused = false;
  #endSent = false;
  #closed = false;

  /** `control` is the stream of channel 0. */
  constructor(info: TransportInfo, control: ByteStream, options: ChannelPipeOptions) {
    this.info = info;
    this.#options = options;
    this.attach(0, control);
  }

  /** Whether `channelId` has a stream already. */
  has(channelId: number): boolean {
    return this.#lanes.has(channelId);
  }

  /** Adds the stream that the peer opened for `channelId`. */
  attach(channelId: number, stream: ByteStream): void {
    if (this.#closed) {
      stream.destroy();
      return;
    }
    const splitter = new FrameSplitter(this.#options.limits);
    const lane: Lane = { stream, splitter, owesDrain: false, ended: false };
    this.#lanes.set(channelId, lane);
    this.#openLanes += 1;
    if (this.#handlers !== undefined) this.#openLane(lane);
    // It crossed our end.
    if (this.#endSent) stream.end();
  }

  get queuedBytes(): number {
    let sum = 0;
    for (const { stream } of this.#lanes.values()) sum += stream.queuedBytes;
    return sum;
  }

  open(handlers: MessagePipeHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError("the pipe is open already");
    this.#handlers = handlers;
    const early = this.#early;
    if (early !== undefined) queueMicrotask(() => handlers.close(early.error));
    else for (const lane of this.#lanes.values()) this.#openLane(lane);
  }

  send(parts: readonly Uint8Array[]): boolean {
    if (this.#closed || this.#endSent) return true;
    const lane = this.#laneFor(channelOf(parts));
    if (!lane.stream.write(parts)) lane.owesDrain = true;
    return !this.#owesDrain();
  }

  pause(): void {
    this.#paused = true;
    for (const { stream } of this.#lanes.values()) stream.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const { stream } of this.#lanes.values()) stream.resume();
  }

  end(): void {
    if (this.#closed || this.#endSent) return;
    this.#endSent = true;
    for (const { stream } of this.#lanes.values()) stream.end();
  }

  destroy(error?: WireError): void {
    if (this.#closed) return;
    this.#close(error);
    for (const { stream } of this.#lanes.values()) stream.destroy();
  }

  #openLane(lane: Lane): void {
    const { stream } = lane;
    if (this.#paused) stream.pause();
    stream.open({
      data: (bytes) => this.#received(lane, bytes),
      drain: () => {
        lane.owesDrain = false;
        if (!this.#closed && !this.#owesDrain()) this.#handlers?.drain();
      },
      end: () => this.#laneEnded(lane),
      close: (error) => {
        this.#openLanes -= 1;
        if (error !== undefined) this.destroy(error);
        else if (this.#openLanes === 0) this.#close(undefined);
      },
    });
  }

  #received(lane: Lane, bytes: Uint8Array): void {
    try {
      lane.splitter.push(bytes, (frame) => {
        if (!this.#closed) this.#handlers?.message(frame);
      });
    } catch (thrown) {
      this.destroy(asWireError(thrown));
    }
  }

  #laneEnded(lane: Lane): void {
    lane.ended = true;
    if (lane.splitter.partial) {
      this.destroy(new XcpError("xcp.frame_truncated", "a channel's stream ended inside a frame"));
      return;
    }
    // A MessagePipe has one end for both directions: when the peer is done, so is this side.
    for (const { ended } of this.#lanes.values()) if (!ended) return;
    this.end();
  }

  #laneFor(channelId: number): Lane {
    const pinned = this.#routes.get(channelId);
    if (pinned !== undefined) return pinned;
    const opened = this.#options.openStream;
    if (!this.#lanes.has(channelId) && opened !== undefined) {
      this.attach(channelId, opened(channelId));
    }
    const lane = this.#lanes.get(channelId) ?? this.#lanes.get(0);
    if (lane === undefined) throw new TypeError("a channel pipe always has channel 0");
    this.#routes.set(channelId, lane);
    return lane;
  }

  #owesDrain(): boolean {
    for (const { owesDrain } of this.#lanes.values()) if (owesDrain) return true;
    return false;
  }

  #close(error: WireError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#handlers === undefined) this.#early = { error };
    else this.#handlers.close(error);
  }
}

/** The channel that a frame names in its header. */
function channelOf(parts: readonly Uint8Array[]): number {
  let [head] = parts;
  if (head === undefined) return 0;
  if (head.length < PREFIX_BYTES || head.length < PREFIX_BYTES + loadU16(head, HLEN_AT)) {
    head = concatBytes(parts);
  }
  const header = head.subarray(PREFIX_BYTES, PREFIX_BYTES + loadU16(head, HLEN_AT));
  const decoded = header[0] === BRACE ? decodeJsonHeader(header) : decodeCapnpHeader(header);
  return decoded.channelId;
}
