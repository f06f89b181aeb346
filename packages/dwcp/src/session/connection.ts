import { concatBytes } from "@proj/wire-types";
import type { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import type { Crc32 } from "../wire/crc32.js";
import {
  type ControlMessage,
  decodeControlMessage,
  encodeControlMessage,
  frameTypeOf,
} from "../wire/control-message.js";
import {
  type ChunkOwnership,
  encodeFrame,
  type Frame,
  FrameReader,
  type PayloadMemory,
} from "../wire/frame-reader.js";
import { decodePreface, encodePreface, PREFACE_BYTES, requirePreface } from "../wire/preface.js";
import { errorMessageOf } from "./error-message.js";
import type { Session } from "./session.js";
import type { StreamOpening } from "./stream-opening.js";
import { asTransferError } from "./transfer-error.js";

/** Before anything is agreed, a peer may send no more than this in one frame. */
const OPENING_FRAME_BYTES = 131_072;

/** News of a connection for its driver. */
export type ConnectionNews =
  | { readonly kind: "joined"; readonly session: Session; readonly streamIndex: number }
  /** The peer speaks something else; `bytes` is all it sent so far. */
  | { readonly kind: "foreign"; readonly bytes: Uint8Array }
  /** The connection has to be closed once what is queued was sent. */
  | { readonly kind: "failed"; readonly error: DwcpError };

/**
 * One connection without its socket: preface, opening, then the frames of a session.
 *
 * ```
 * preface ─▶ opening ─▶ joined          preface ─another protocol─▶ foreign          any ─▶ failed
 * ```
 *
 * @see spec/dwcp.md B2, B3
 */
export class Connection {
  readonly #limits: DwcpLimits;
  readonly #crc32: Crc32;
  readonly #reader: FrameReader;
  readonly #opening: StreamOpening;
  readonly #out: Uint8Array[] = [];
  #head: Uint8Array = new Uint8Array(0);
  #phase: "preface" | "opening" | "joined" | "over" = "preface";
  #session: Session | undefined;
  #streamIndex = 0;
  #hasSpoken: boolean;
  // When the opening was last said something on, and what it waited for an answer at least.
  #saidUs: number | undefined;
  #answerUs: number | undefined;

  /** Payloads that come in pieces gather in `memory`. */
  constructor(opening: StreamOpening, limits: DwcpLimits, crc32: Crc32, memory?: PayloadMemory) {
    this.#opening = opening;
    this.#limits = limits;
    this.#crc32 = crc32;
    this.#reader = new FrameReader(OPENING_FRAME_BYTES, crc32, memory);
    // Whoever answers waits: the other side may speak another protocol.
    const first = opening.start();
    if (first.length > 0) this.#out.push(encodePreface());
    this.#hasSpoken = first.length > 0;
    for (const message of first) this.#say(message);
  }

  /** Whether it has become a stream. */
  get isJoined(): boolean {
    return this.#phase === "joined";
  }

  /** Where the next bytes are best read to, {@link received}; `undefined` where they may come from anywhere. */
  get space(): Uint8Array | undefined {
    return this.#phase === "over" ? undefined : this.#reader.space;
  }

  /** Bytes were read into {@link space}: like {@link receive}. */
  received(nowUs: number, bytes: number): readonly ConnectionNews[] {
    const news: ConnectionNews[] = [];
    if (this.#phase === "over") return news;
    try {
      const frame = this.#reader.filled(bytes);
      if (frame !== undefined) this.#take(nowUs, frame, news);
    } catch (error) {
      news.push(this.#fail(asTransferError(error)));
    }
    return news;
  }

  /** Takes bytes; what it leads to, in order. Frames of the session go to it at once. */
  receive(
    nowUs: number,
    bytes: Uint8Array,
    ownership: ChunkOwnership = "kept",
  ): readonly ConnectionNews[] {
    if (this.#phase === "over") return [];
    const news: ConnectionNews[] = [];
    try {
      const rest = this.#phase === "preface" ? this.#readPreface(bytes, news) : bytes;
      if (rest === undefined) return news;
      for (const frame of this.#reader.push(rest, ownership)) this.#take(nowUs, frame, news);
    } catch (error) {
      news.push(this.#fail(asTransferError(error)));
    }
    return news;
  }

  /** Gives the parts of the next write, or `undefined`. `unsentBytes` is what the socket still holds. */
  transmit(nowUs: number, unsentBytes: number): readonly Uint8Array[] | undefined {
    const queued = this.#out.shift();
    if (queued !== undefined) {
      this.#saidUs = nowUs;
      return [queued];
    }
    if (this.#phase !== "joined") return undefined;
    return this.#session?.transmit(nowUs, this.#streamIndex, unsentBytes);
  }

  /** The socket is gone. */
  gone(nowUs: number): void {
    if (this.#phase === "joined") this.#session?.streamGone(nowUs, this.#streamIndex);
    this.#phase = "over";
  }

  #readPreface(bytes: Uint8Array, news: ConnectionNews[]): Uint8Array | undefined {
    this.#head = concatBytes([this.#head, bytes]);
    const verdict = decodePreface(this.#head);
    if (verdict === undefined) return undefined;
    if (verdict.kind === "foreign") {
      this.#phase = "over";
      news.push({ kind: "foreign", bytes: this.#head });
      return undefined;
    }
    if (!this.#hasSpoken) this.#out.push(encodePreface());
    this.#hasSpoken = true;
    requirePreface(verdict);
    this.#phase = "opening";
    return this.#head.subarray(PREFACE_BYTES);
  }

  #take(nowUs: number, frame: Frame, news: ConnectionNews[]): void {
    if (this.#phase === "joined") {
      this.#session?.receive(nowUs, this.#streamIndex, frame);
      return;
    }
    if (this.#phase !== "opening") return;
    this.#noteAnswer(nowUs);
    const message = decodeControlMessage(frame.type, frame.payload, this.#limits, this.#crc32);
    const result = this.#opening.receive(message, frame.payload, (each) => this.#say(each));
    if (result.kind === "open") return;
    const { session, streamIndex } = result;
    const { maxFrameBytes } = session.options.identity.capabilities;
    this.#reader.agree(maxFrameBytes);
    this.#phase = "joined";
    this.#session = session;
    this.#streamIndex = streamIndex;
    session.streamAttached(nowUs, streamIndex, this.#answerUs);
    news.push({ kind: "joined", session, streamIndex });
  }

  #noteAnswer(nowUs: number): void {
    if (this.#saidUs === undefined) return;
    const waitedUs = nowUs - this.#saidUs;
    this.#answerUs = Math.min(this.#answerUs ?? waitedUs, waitedUs);
    this.#saidUs = undefined;
  }

  #say(message: ControlMessage): void {
    const payload = encodeControlMessage(message, this.#limits, this.#crc32);
    this.#opening.sent(payload);
    const frame = { type: frameTypeOf(message), flags: 0, handle: 0, payload };
    this.#out.push(encodeFrame(frame, this.#crc32));
  }

  #fail(error: DwcpError): ConnectionNews {
    const wasJoined = this.#phase === "joined";
    if (!wasJoined) this.#say(errorMessageOf(error, "stream"));
    this.#phase = "over";
    return { kind: "failed", error };
  }
}
