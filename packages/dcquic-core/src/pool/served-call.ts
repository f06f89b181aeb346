import type { Span } from "@proj/wire-types";
import { Status } from "../engine/status.js";
import { requestEndsLate } from "../stream/pattern-rules.js";
import type { Stream, StreamHandlers, StreamOutcome } from "../stream/stream.js";
import type { BulkPlacement } from "./bulk-placement.js";
import { encodeBulkStatus } from "./bulk-status.js";
import type { StreamBytes } from "./byte-stream.js";
import type { Payload } from "./call-options.js";
import { Eventual } from "./eventual.js";
import { shownHeaders } from "./header-block.js";
import { Message } from "./message.js";
import { MessageReader } from "./message-reader.js";
import { MessageWriter } from "./message-writer.js";
import { noAnswer } from "./no-answer.js";
import { outcomeError } from "./outcome-error.js";
import type { PayloadSender } from "./payload-sender.js";
import type { BulkResult } from "./placement.js";

const SENT: Promise<void> = Promise.resolve();

/**
 * A call of a peer on the answerer's side: what its stream tells, for whoever asks. What nobody asks for is not made: most calls
 * have one message each way and no headers.
 */
export class ServedCall implements StreamHandlers {
  /** The call's span, if there is a tracer. */
  span: Span | undefined;
  /** The call as a stream of bytes, if it is one. */
  bytes: StreamBytes | undefined;
  /** Where a bulk transfer goes, once that was said. */
  placement: BulkPlacement | undefined;
  readonly #peer: string;
  readonly #stream: Stream;
  readonly #sender: PayloadSender;
  #request: Eventual<Message> | undefined;
  #reader: MessageReader | undefined;
  #writer: MessageWriter | undefined;
  #block: Uint8Array | undefined;
  #headers: Eventual<Uint8Array | undefined> | undefined;
  #closed: Eventual<void> | undefined;
  #placed: Eventual<BulkResult> | undefined;
  #error: unknown;

  /** Serves a call of `peer` on its stream; answers are prepared by `sender`. */
  constructor(peer: string, stream: Stream, sender: PayloadSender) {
    this.#peer = peer;
    this.#stream = stream;
    this.#sender = sender;
  }

  /** The caller's headers; `undefined` if it has none. */
  get callerHeaders(): Promise<Uint8Array | undefined> {
    if (this.#headers === undefined) {
      this.#headers = new Eventual();
      if (this.#block !== undefined) this.#headers.resolve(shownHeaders(this.#block));
      else this.#settle(this.#headers, undefined);
    }
    return this.#headers.promise;
  }

  /** Resolves when the call ended in order, and rejects with what ended it otherwise. */
  get ended(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = new Eventual();
      this.#settle(this.#closed, undefined);
    }
    return this.#closed.promise;
  }

  /** Resolves when a bulk transfer was placed. */
  get placed(): Promise<BulkResult> {
    return this.#placing.promise;
  }

  /** The request's messages. */
  get reader(): MessageReader {
    if (this.#reader === undefined) {
      this.#reader = new MessageReader();
      this.#reader.attach(this.#stream);
      if (this.#hasFailed) this.#reader.fail(this.#failure());
    }
    return this.#reader;
  }

  /** Writes the answer's messages. */
  get writer(): MessageWriter {
    if (this.#writer === undefined) {
      this.#writer = new MessageWriter();
      this.#writer.attach(this.#stream, this.#sender);
      if (this.#hasFailed) this.#writer.fail(this.#failure());
      else if (this.#stream.outbound.isStopped) this.#writer.stopped();
    }
    return this.#writer;
  }

  /** The one message of a request: the same one each time. Of many messages it is the next one. */
  request(): Promise<Message> {
    if (this.#reader !== undefined || requestEndsLate(this.#stream.pattern)) return this.#next();
    if (this.#request === undefined) {
      this.#request = new Eventual();
      this.#takeRequest(this.#request);
    }
    return this.#request.promise;
  }

  /** Answers with the last message of this side. Resolves when it is on its way. */
  reply(payload: Payload): Promise<void> {
    const stream = this.#stream;
    const isFree = this.#writer === undefined && !stream.outbound.isEnded && !stream.isFull;
    const isReady = payload instanceof Uint8Array && this.#sender.takesAsIs(payload);
    if (!isFree || !isReady || stream.outcome !== undefined) {
      return this.writer.write(payload, { last: true });
    }
    stream.send({ payload, isLast: true, isHeaders: false });
    return SENT;
  }

  headers(block: Uint8Array): void {
    this.#block = block;
    this.#headers?.resolve(shownHeaders(block));
  }

  readable(): void {
    if (this.bytes !== undefined) this.bytes.readable();
    else if (this.placement !== undefined) void this.#finish(this.placement);
    else if (this.#reader !== undefined) this.#reader.wake();
    else if (this.#request !== undefined) this.#takeRequest(this.#request);
  }

  writable(): void {
    if (this.bytes === undefined) this.#writer?.wake();
    else this.bytes.writable();
  }

  stopped(): void {
    if (this.bytes === undefined) this.#writer?.stopped();
    else this.bytes.stopped();
  }

  closed(outcome: StreamOutcome): void {
    this.bytes?.closed(outcome);
    if (this.#headers !== undefined) this.#settle(this.#headers, undefined);
    if (this.#closed !== undefined) this.#settle(this.#closed, undefined);
    if (outcome.status === Status.Ok) {
      this.span?.end();
      this.#reader?.wake();
      if (this.#request !== undefined) this.#takeRequest(this.#request);
      return;
    }
    this.span?.end(this.#failure());
    this.#request?.reject(this.#failure());
    this.#reader?.fail(this.#failure());
    this.#writer?.fail(this.#failure());
    this.placement?.abort(this.#failure());
    this.#placed?.reject(this.#failure());
  }

  get #placing(): Eventual<BulkResult> {
    if (this.#placed === undefined) {
      this.#placed = new Eventual();
      if (this.#hasFailed) this.#placed.reject(this.#failure());
    }
    return this.#placed;
  }

  get #hasFailed(): boolean {
    const { outcome } = this.#stream;
    return outcome !== undefined && outcome.status !== Status.Ok;
  }

  // An error is dear: it is made for who is told of it, once.
  #failure(): unknown {
    const { outcome, id, token } = this.#stream;
    if (outcome === undefined) return undefined;
    this.#error ??= outcomeError(outcome, { peer: this.#peer, stream: id, token });
    return this.#error;
  }

  // Settles what depends on the end of the call, if that came.
  #settle<T>(eventual: Eventual<T>, value: T): void {
    if (this.#stream.outcome === undefined) return;
    if (this.#hasFailed) eventual.reject(this.#failure());
    else eventual.resolve(value);
  }

  #takeRequest(request: Eventual<Message>): void {
    if (request.isSettled) return;
    const stream = this.#stream;
    const message = stream.take();
    if (message !== undefined) {
      request.resolve(new Message(message));
      // There is only this one: its credit goes back on arrival.
      stream.release(message);
    } else if (this.#hasFailed) request.reject(this.#failure());
    else if (stream.inbound.isOver) request.reject(noAnswer());
  }

  async #next(): Promise<Message> {
    const next = await this.reader.next();
    if (next.done === true) throw noAnswer();
    // Its credit goes back now, and its bytes stay.
    const message = new Message(next.value);
    next.value.release();
    return message;
  }

  async #finish(placement: BulkPlacement): Promise<void> {
    const stream = this.#stream;
    const message = stream.take();
    if (message === undefined) return;
    try {
      const bytes = await placement.finish();
      stream.release(message);
      stream.send({ payload: encodeBulkStatus(bytes), isLast: true, isHeaders: false });
      this.#placing.resolve({ bytes });
    } catch (error) {
      placement.abort(error);
      stream.abort(Status.PlacementFailed, error instanceof Error ? error.message : "");
    }
  }
}
