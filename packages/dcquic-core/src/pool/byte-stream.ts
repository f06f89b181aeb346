import {
  concatBytes,
  type ByteStream,
  type ByteStreamHandlers,
  isWireError,
  type TransportInfo,
  type WireError,
} from "@proj/wire-types";
import { DcquicError } from "../errors.js";
import { Status } from "../engine/status.js";
import type { InboundMessage } from "../stream/inbound.js";
import type { Stream, StreamHandlers, StreamOutcome } from "../stream/stream.js";
import { outcomeError } from "./outcome-error.js";
import type { PayloadSender } from "./payload-sender.js";

/** How a bidirectional stream carries bytes. */
export interface ByteStreamOptions {
  /** The peer's name. */
  readonly peer: string;
  /** The name that the peer proved. */
  readonly identity: string;
}

/** Most bytes of one message; what is written is cut and joined. */
const MESSAGE_BYTES = 65_536;
/** Bytes that may wait to be sent before a write answers `false`. */
const HIGH_WATER_BYTES = 262_144;

/**
 * Bytes over a bidirectional stream: what is written travels in messages of up to 64 KiB, whose borders mean nothing.
 *
 * A paused reader takes no more messages, which stops the peer after the stream's queue is full.
 *
 * @see spec/dcquic.md §4, docs/decisions/0103-bytes-over-streams.md
 */
export class StreamBytes implements ByteStream, StreamHandlers {
  /** What is known about the connection. */
  readonly info: TransportInfo;
  readonly #options: ByteStreamOptions;
  readonly #defer: (task: () => void) => void;
  /** Is called when this side drops the stream before there is one. */
  onDestroyed: (() => void) | undefined;
  #stream: Stream | undefined;
  #sender: PayloadSender | undefined;
  #handlers: ByteStreamHandlers | undefined;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #isSending = false;
  #owesDrain = false;
  #isPaused = false;
  #isEnding = false;
  #sawEnd = false;
  #closing: { readonly error: WireError | undefined } | undefined;
  #isClosed = false;
  #isReading = false;

  /** `defer` runs a task soon, never inside the call. */
  constructor(options: ByteStreamOptions, defer: (task: () => void) => void) {
    this.#options = options;
    this.#defer = defer;
    const { identity } = options;
    this.info = { transport: "dcquic", peer: undefined, secure: true, local: false, identity };
  }

  /** Begins to use a stream; what was written before is sent now. */
  attach(stream: Stream, sender: PayloadSender): void {
    this.#stream = stream;
    this.#sender = sender;
    this.#send();
    this.#read();
  }

  /** Bytes that were written and did not arrive at the peer. */
  get queuedBytes(): number {
    return this.#queuedBytes + (this.#stream?.outbound.liveBytes ?? 0);
  }

  /** See {@link ByteStream}. */
  open(handlers: ByteStreamHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError("the stream is open already");
    this.#handlers = handlers;
    this.#defer(() => {
      this.#read();
      this.#finish();
    });
  }

  /** See {@link ByteStream}. */
  write(parts: readonly Uint8Array[]): boolean {
    if (this.#isEnding || this.#closing !== undefined) return true;
    for (const part of parts) {
      if (part.length === 0) continue;
      this.#queue.push(part);
      this.#queuedBytes += part.length;
    }
    this.#send();
    if (this.#queuedBytes < HIGH_WATER_BYTES && !this.#owesDrain) return true;
    this.#owesDrain = true;
    return false;
  }

  /** See {@link ByteStream}. */
  end(): void {
    if (this.#isEnding || this.#closing !== undefined) return;
    this.#isEnding = true;
    this.#send();
  }

  /** See {@link ByteStream}. */
  pause(): void {
    this.#isPaused = true;
  }

  /** See {@link ByteStream}. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#defer(() => this.#read());
  }

  /** See {@link ByteStream}. */
  destroy(error?: WireError): void {
    if (this.#closing !== undefined) return;
    this.#close(error);
    if (this.#stream === undefined) this.onDestroyed?.();
    else this.#stream.abort(Status.Cancelled, error?.message ?? "");
  }

  /** Header blocks mean nothing to bytes. */
  headers(): void {}

  /** There may be a message. */
  readable(): void {
    this.#read();
  }

  /** There is room to send. */
  writable(): void {
    this.#send();
  }

  /** The peer wants no more: what is written from now on goes nowhere. */
  stopped(): void {
    this.destroy(new DcquicError("dcquic.cancelled", "the peer wants no more bytes"));
  }

  /** The stream is over. */
  closed(outcome: StreamOutcome): void {
    if (outcome.status === Status.Ok) {
      this.#read();
      return;
    }
    const { peer } = this.#options;
    const stream = this.#stream;
    this.#close(outcomeError(outcome, { peer, stream: stream?.id, token: stream?.token }));
  }

  /** The call ended without a stream, or with it; `error` says why if not in order. */
  failed(error: unknown): void {
    this.#close(
      isWireError(error) ? error : new DcquicError("dcquic.local_resource", String(error)),
    );
  }

  #close(error: WireError | undefined): void {
    if (this.#closing !== undefined) return;
    this.#closing = { error };
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#defer(() => this.#finish());
  }

  #finish(): void {
    if (this.#closing === undefined || this.#handlers === undefined || this.#isClosed) return;
    this.#isClosed = true;
    this.#handlers.close(this.#closing.error);
  }

  // Delivery may be stopped by what it causes: everything is looked at again after each message.
  #read(): void {
    const [handlers, stream] = [this.#handlers, this.#stream];
    if (handlers === undefined || stream === undefined || this.#isReading) return;
    this.#isReading = true;
    while (!this.#isPaused && this.#closing === undefined) {
      const message: InboundMessage | undefined = stream.take();
      if (message === undefined) break;
      handlers.data(message.bytes);
      stream.release(message);
    }
    this.#isReading = false;
    if (this.#closing !== undefined || this.#isPaused) return;
    if (stream.inbound.isOver && !this.#sawEnd) {
      this.#sawEnd = true;
      handlers.end();
    }
    if (this.#sawEnd && stream.outcome?.status === Status.Ok) this.#close(undefined);
  }

  #send(): void {
    const [stream, sender] = [this.#stream, this.#sender];
    if (stream === undefined || sender === undefined || this.#isSending) return;
    while (this.#queue.length > 0 && !stream.isFull && this.#closing === undefined) {
      const ready = sender.prepare(this.#nextMessage());
      if (ready instanceof Promise) {
        this.#isSending = true;
        ready.then(
          (prepared) => {
            this.#isSending = false;
            stream.send({ ...prepared, isLast: false, isHeaders: false });
            this.#send();
          },
          (error: unknown) => this.failed(error),
        );
        return;
      }
      stream.send({ ...ready, isLast: false, isHeaders: false });
    }
    if (this.#owesDrain && this.#queuedBytes <= HIGH_WATER_BYTES / 2) {
      this.#owesDrain = false;
      this.#defer(() => {
        if (this.#closing === undefined) this.#handlers?.drain();
      });
    }
    if (this.#isEnding && this.#queue.length === 0) stream.end();
  }

  #nextMessage(): Uint8Array {
    let bytes = 0;
    let count = 0;
    for (const part of this.#queue) {
      if (bytes + part.length > MESSAGE_BYTES) break;
      bytes += part.length;
      count += 1;
    }
    const [first] = this.#queue;
    if (count === 0 && first !== undefined) {
      this.#queue[0] = first.subarray(MESSAGE_BYTES);
      this.#queuedBytes -= MESSAGE_BYTES;
      return first.subarray(0, MESSAGE_BYTES);
    }
    const parts = this.#queue.splice(0, count);
    this.#queuedBytes -= bytes;
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : concatBytes(parts);
  }
}
