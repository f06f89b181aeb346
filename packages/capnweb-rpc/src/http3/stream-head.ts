import { concatBytes } from "@proj/wire-types";
import { readVarint } from "./quic-varint.js";

/** Reads the numbers that a stream begins with, and gives the rest back as a stream. */
export class StreamHead {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #bytes: Uint8Array = new Uint8Array();

  /** Locks `readable`. */
  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader();
  }

  /** Answers the next number; `undefined` when the stream ends before it. */
  async varint(): Promise<number | undefined> {
    for (;;) {
      const read = readVarint(this.#bytes, 0);
      if (read !== undefined) {
        this.#bytes = this.#bytes.subarray(read.next);
        return read.value;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#bytes = concatBytes([this.#bytes, value]);
    }
  }

  /** Answers what has not been taken, at the pace of its reader. */
  rest(): ReadableStream<Uint8Array> {
    const reader = this.#reader;
    let first: Uint8Array | undefined = this.#bytes;
    return new ReadableStream(
      {
        async pull(controller) {
          if (first !== undefined && first.length > 0) {
            controller.enqueue(first);
            first = undefined;
            return;
          }
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }
}
