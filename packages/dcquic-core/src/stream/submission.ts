import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import type { After, AnnounceOptions } from "../engine/announce-options.js";
import { Shape } from "../wire/constants.js";
import type { Id64 } from "../wire/id64.js";
import { payloadBytes } from "./outbound.js";
import { patternCode, requestEndsLate } from "./pattern-rules.js";
import type { OutboundPayload, Stream } from "./stream.js";

/** A message on its way to the engine, and then to the peer: what the engine is to know of it, and what the stream is. */
export class Submission implements AnnounceOptions {
  /** Its stream. */
  readonly stream: Stream;
  /** What is sent. */
  readonly payload: Uint8Array | RegisteredBuffer;
  /** Whether it is the header block. */
  readonly isHeaders: boolean;
  /** Whether it is the last of its direction, which the pattern may say too. */
  readonly isLast: boolean;
  /** Its number. */
  readonly messageSeq: number;
  /** Bytes it counts for in the own direction. */
  readonly bytes: number;
  /** For the acceptor; of the opening message only. */
  readonly meta: Uint8Array | undefined;
  /** What must come first; of the opening message only. */
  readonly after: readonly After[] | undefined;
  /** Whether others may come after it; of the opening message only. */
  readonly track: boolean | undefined;
  /** Is called once the engine took the payload, or never will. */
  readonly taken: (() => void) | undefined;
  /** Its transfer, once the engine took it. */
  transfer: Id64 | undefined;

  /** Says what is sent in message number `seq` of a stream. */
  constructor(stream: Stream, outbound: OutboundPayload, seq: number, isLast: boolean) {
    this.stream = stream;
    this.payload = outbound.payload;
    this.isHeaders = outbound.isHeaders;
    this.isLast = isLast;
    this.messageSeq = seq;
    this.bytes = payloadBytes(outbound);
    this.meta = outbound.meta;
    this.after = outbound.after;
    this.track = outbound.track;
    this.taken = outbound.taken;
    this.transfer = undefined;
  }

  /** Whether it opens its stream. */
  get opens(): boolean {
    return this.stream.isOpener && this.messageSeq === 0;
  }

  /** Pattern and shape bits. */
  get shape(): number {
    return (
      patternCode(this.stream.pattern) |
      (this.stream.isOpener ? Shape.OpenedByAnnouncer : 0) |
      (this.opens ? Shape.Open : 0) |
      (this.isLast ? Shape.End : 0) |
      (this.isHeaders ? Shape.Headers : 0)
    );
  }

  /** 0 to 7: a header block is more urgent than what it describes; an empty one describes nothing. §4 */
  get priority(): number {
    const { priority } = this.stream;
    return this.isHeaders && this.bytes > 0 ? Math.max(0, priority - 1) : priority;
  }

  /** The id of its stream, unless it opens it. */
  get streamId(): Id64 | undefined {
    return this.stream.id;
  }

  /** What the stream says of its token: where the request is one message, its acceptance tells that it was handed over. D-20 */
  get holdToken(): "response" | "request" | undefined {
    if (this.track !== true) return undefined;
    return requestEndsLate(this.stream.pattern) ? "request" : "response";
  }
}
