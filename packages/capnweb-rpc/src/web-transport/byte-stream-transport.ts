import { type MessageSink, announceDelivery } from "../session/transport.js";
import { Inbox } from "../transports/inbox.js";
import { encodeMessages, type MessageFraming, MessageReader } from "./message-framing.js";

/** Two directions of one connection, as the web platform shapes them. */
export interface ByteStreamPair {
  /** What the peer sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the peer gets. */
  readonly writable: WritableStream<Uint8Array>;
}

/** What a transport over a stream of bytes is given besides the stream. */
export interface ByteStreamTransportOptions {
  readonly framing: MessageFraming;
  /** The largest incoming message, in bytes of UTF-8. */
  readonly maxMessageBytes: number;
  /** Runs once this direction has ended, with what the session ended with. */
  readonly closed?: (reason: unknown) => void;
  /** Milliseconds that the peer has to take what was sent, before `closed` runs over its head. */
  readonly closeGraceMs?: number;
}

/**
 * Carries messages over a stream of bytes in each direction. The end of a direction is a clean close, a
 * reset is an error. spec/capnweb.md §20.6
 *
 * ```
 * open ── abort ──▶ closing: what was sent is written, then the end ──▶ closed
 *   └── the peer ends or resets, or breaks the framing ──▶ failed ── abort ──▶ closed
 * ```
 */
export class ByteStreamTransport {
  readonly #options: ByteStreamTransportOptions;
  readonly #inbox = new Inbox<string>();
  readonly #reader: MessageReader;
  #unsent: string[] = [];
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #source: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #writing = false;
  #ending: { readonly reason: unknown } | undefined;
  #broken = false;
  #grace: ReturnType<typeof setTimeout> | undefined;

  /** Messages that are sent before the stream is there wait for it. */
  constructor(stream: Promise<ByteStreamPair>, options: ByteStreamTransportOptions) {
    this.#options = options;
    this.#reader = new MessageReader(options.framing, options.maxMessageBytes);
    announceDelivery(this, (sink: MessageSink) => this.#inbox.deliverTo(sink));
    stream.then(
      (pair) => this.#opened(pair),
      (reason: unknown) => this.#fail(reason),
    );
  }

  /** Sends one message; those of one turn share a write. */
  send(message: string): void {
    this.#unsent.push(message);
    this.#flush();
  }

  /** Answers the next message. */
  receive(): Promise<string> {
    return this.#inbox.receive();
  }

  /** Writes what was sent, ends the stream, and reads no more. */
  abort(reason: unknown): void {
    if (this.#ending !== undefined) return;
    this.#ending = { reason };
    this.#inbox.fail(reason);
    this.#source?.cancel(reason).catch(() => undefined);
    if (this.#broken) {
      this.#reset(reason);
      return;
    }
    const { closeGraceMs } = this.#options;
    if (closeGraceMs !== undefined) {
      this.#grace = setTimeout(() => this.#fail(reason), closeGraceMs);
    }
    this.#flush();
  }

  #opened({ readable, writable }: ByteStreamPair): void {
    this.#writer = writable.getWriter();
    this.#source = readable.getReader();
    // A reset is seen by whoever writes or reads next; this promise needs no listener of its own.
    this.#writer.closed.catch(() => undefined);
    if (this.#ending === undefined) void this.#read(this.#source);
    else this.#source.cancel(this.#ending.reason).catch(() => undefined);
    this.#flush();
  }

  async #read(source: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await source.read();
        if (done) break;
        for (const message of this.#reader.push(value)) this.#inbox.put(message);
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#inbox.fail(
      new Error(
        this.#reader.atBoundary
          ? "Peer closed the stream."
          : "Peer closed the stream in the middle of a message.",
      ),
    );
  }

  // While one write is under way, what is sent gathers for the next.
  #flush(): void {
    const writer = this.#writer;
    if (writer === undefined || this.#writing || this.#broken) return;
    this.#writing = true;
    void this.#write(writer);
  }

  async #write(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
    try {
      // Lets the rest of this turn's messages come along.
      await Promise.resolve();
      while (this.#unsent.length > 0) {
        const chunk = encodeMessages(this.#unsent.splice(0), this.#options.framing);
        // The next write carries what gathers meanwhile.
        await writer.write(chunk);
      }
      this.#writing = false;
      if (this.#ending === undefined) return;
      await writer.close();
      this.#closed(this.#ending.reason);
    } catch (error) {
      this.#writing = false;
      this.#fail(error);
    }
  }

  #fail(reason: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    // A session that ended before does not hear of this any more, so the reset is for us to do.
    if (this.#ending === undefined) this.#inbox.fail(reason);
    else this.#reset(this.#ending.reason);
  }

  #reset(reason: unknown): void {
    this.#writer?.abort(reason).catch(() => undefined);
    this.#closed(reason);
  }

  #closed(reason: unknown): void {
    clearTimeout(this.#grace);
    this.#options.closed?.(reason);
  }
}
