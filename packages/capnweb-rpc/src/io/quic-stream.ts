import type { QuicStream } from "../http3/quic-connection.js";
import { Direction, type QuicheConnection } from "./quiche.js";

/** What a stream asks of the connection that it belongs to. */
export interface StreamHost {
  readonly quiche: QuicheConnection;
  /** Sends what became ready to be sent. */
  flush(): void;
}

/** RFC 9114 §8.1: the stream is given up without an error of HTTP/3. */
const CANCELLED = 0x10c;
/** Every stream reads into this and copies out at once. */
const scratch = new Uint8Array(65_536);
/** The library looks at all of what it is given, however little of it there is room for. */
const WRITE_BYTES = 65_536;

type Which = "both" | "reading" | "writing";

/**
 * One stream of a QUIC connection as web streams. Reading and writing follow the flow control of the peer: nothing is
 * buffered here besides one chunk in each direction.
 */
export class QuicheStream implements QuicStream {
  readonly id: number;
  readonly readable: ReadableStream<Uint8Array> | undefined;
  readonly writable: WritableStream<Uint8Array> | undefined;
  readonly #host: StreamHost;
  readonly #ended: () => void;
  readonly #open = new Set<"reading" | "writing">();
  #reading: ReadableStreamDefaultController<Uint8Array> | undefined;
  #writing: WritableStreamDefaultController | undefined;
  #readMore: (() => void) | undefined;
  #writeMore: (() => void) | undefined;

  /** `ended` runs when both directions have come to their end. */
  constructor(id: number, host: StreamHost, options: { which: Which; ended: () => void }) {
    this.id = id;
    this.#host = host;
    this.#ended = options.ended;
    if (options.which !== "writing") this.readable = this.#makeReadable();
    if (options.which !== "reading") this.writable = this.#makeWritable();
  }

  /** Something may be there to read. */
  wakeReader(): void {
    this.#readMore?.();
  }

  /** There may be room to write. */
  wakeWriter(): void {
    this.#writeMore?.();
  }

  /** The connection is gone. */
  fail(reason: Error): void {
    if (this.#open.delete("reading")) this.#reading?.error(reason);
    if (this.#open.delete("writing")) this.#writing?.error(reason);
    this.#readMore?.();
    this.#writeMore?.();
  }

  #makeReadable(): ReadableStream<Uint8Array> {
    this.#open.add("reading");
    return new ReadableStream(
      {
        start: (controller) => {
          this.#reading = controller;
        },
        pull: (controller) => this.#pull(controller),
        cancel: () => this.#shutdown("reading"),
      },
      { highWaterMark: 0 },
    );
  }

  #makeWritable(): WritableStream<Uint8Array> {
    this.#open.add("writing");
    return new WritableStream({
      start: (controller) => {
        this.#writing = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#finish(),
      abort: () => this.#shutdown("writing"),
    });
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (this.#open.has("reading")) {
      const read = this.#try("reading", () => this.#host.quiche.streamRecv(this.id, scratch));
      if (read !== null) {
        const [bytes, end] = read;
        if (bytes > 0) controller.enqueue(scratch.slice(0, bytes));
        if (end) {
          controller.close();
          this.#end("reading");
        }
        // What was read makes room at the peer, and that has to be told.
        this.#host.flush();
        if (bytes > 0 || end) return;
      }
      await new Promise<void>((resolve) => {
        this.#readMore = resolve;
      });
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 && this.#open.has("writing")) {
      const part = rest.subarray(0, WRITE_BYTES);
      const sent = this.#try("writing", () => this.#host.quiche.streamSend(this.id, part, false));
      this.#host.flush();
      rest = rest.subarray(sent ?? 0);
      if (sent === part.length) continue;
      // Until there is room.
      await new Promise<void>((resolve) => {
        this.#writeMore = resolve;
      });
    }
  }

  #finish(): void {
    this.#try("writing", () => this.#host.quiche.streamSend(this.id, new Uint8Array(), true));
    this.#end("writing");
    this.#host.flush();
  }

  #shutdown(which: "reading" | "writing"): void {
    const direction = which === "reading" ? Direction.READ : Direction.WRITE;
    try {
      this.#host.quiche.streamShutdown(this.id, direction, CANCELLED);
    } catch {
      // The peer was faster.
    }
    this.#end(which);
    this.#host.flush();
  }

  // The library throws what the peer did to the stream: a reset, or a request to stop.
  #try<T>(which: "reading" | "writing", work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const what = which === "reading" ? "reset" : "stopped reading";
      const error = new Error(`The peer ${what} the stream.`, { cause });
      if (which === "writing") this.#writing?.error(error);
      this.#end(which);
      throw error;
    }
  }

  #end(which: "reading" | "writing"): void {
    if (!this.#open.delete(which)) return;
    (which === "reading" ? this.#readMore : this.#writeMore)?.();
    if (this.#open.size === 0) this.#ended();
  }
}
