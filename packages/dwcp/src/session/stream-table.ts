import { DwcpError } from "../errors.js";
import { frameTypeOf, type ControlMessage, encodeControlMessage } from "../wire/control-message.js";
import { encodeFrame } from "../wire/frame-reader.js";
import { encodeAck, type Ack } from "../wire/ack.js";
import { FrameType } from "../wire/frame-type.js";
import { errorMessageOf } from "./error-message.js";
import type { SessionOptions } from "./session-options.js";
import { StreamState } from "./stream-state.js";

/** The streams of a session, and what waits to be sent on them besides units. */
export class StreamTable {
  readonly #options: SessionOptions;
  readonly #streams = new Map<number, StreamState>();
  // What has to be said while no stream is there to say it on.
  readonly #backlog: Uint8Array[] = [];

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** How many are attached. */
  get size(): number {
    return this.#streams.size;
  }

  /** How many may carry units. */
  get alive(): number {
    let count = 0;
    for (const stream of this.#streams.values()) if (stream.takesUnits) count += 1;
    return count;
  }

  /** All that are attached. */
  get all(): Iterable<StreamState> {
    return this.#streams.values();
  }

  /** Since when the one that waits the longest for an answer has waited; Infinity where none does. */
  get awaitedUs(): number {
    let since = Number.POSITIVE_INFINITY;
    for (const stream of this.#streams.values()) {
      if (stream.awaits) since = Math.min(since, stream.silentSinceUs);
    }
    return since;
  }

  get(index: number): StreamState | undefined {
    return this.#streams.get(index);
  }

  attach(nowUs: number, index: number): StreamState {
    const stream = new StreamState(nowUs, index);
    for (const frame of this.#backlog.splice(0)) stream.queue(frame);
    this.#streams.set(index, stream);
    return stream;
  }

  /** Forgets a stream; what it had not sent goes elsewhere. */
  detach(index: number): StreamState | undefined {
    const stream = this.#streams.get(index);
    if (stream === undefined) return undefined;
    this.#streams.delete(index);
    for (const frame of stream.takeAllControl()) this.#queue(frame, undefined);
    return stream;
  }

  /** Says something on the stream asked for, or on any. */
  say(message: ControlMessage, handle: number, preferred?: number): void {
    const { limits, crc32 } = this.#options;
    const payload = encodeControlMessage(message, limits, crc32);
    this.#queue(
      encodeFrame({ type: frameTypeOf(message), flags: 0, handle, payload }, crc32),
      preferred,
    );
  }

  /** Asks the peer to send nothing more on a stream, and to close it once what is under way has arrived. */
  askToLeave(nowUs: number, index: number): void {
    const stream = this.#streams.get(index);
    if (stream === undefined) return;
    const error = new DwcpError("dwcp.stream_limit", "other sessions need the stream");
    this.say(errorMessageOf(error, "stream"), 0, index);
    stream.askedToLeave(nowUs);
  }

  /** Acknowledges on the stream that carried the units. */
  acknowledge(ack: Ack, handle: number, index: number | undefined): void {
    const { crc32 } = this.#options;
    const frame = { type: FrameType.ACK, flags: 0, handle, payload: encodeAck(ack) };
    this.#queue(encodeFrame(frame, crc32), index);
  }

  #queue(frame: Uint8Array, preferred: number | undefined): void {
    const wanted = preferred === undefined ? undefined : this.#streams.get(preferred);
    const stream = wanted ?? this.#liveliest();
    if (stream === undefined) this.#backlog.push(frame);
    else stream.queue(frame);
  }

  // Of two that carry units, the one that was heard last is least likely to be gone.
  #liveliest(): StreamState | undefined {
    let best: StreamState | undefined;
    for (const stream of this.#streams.values()) {
      if (best === undefined || isLivelier(stream, best)) best = stream;
    }
    return best;
  }
}

function isLivelier(a: StreamState, b: StreamState): boolean {
  if (a.takesUnits !== b.takesUnits) return a.takesUnits;
  return a.silentSinceUs > b.silentSinceUs;
}
