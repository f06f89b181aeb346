import {
  concatBytes,
  type ByteStream,
  type ByteStreamHandlers,
  type WireError,
} from "@proj/wire-types";
import { check } from "./case.js";

/** Opens a stream and writes down everything it says. */
export class StreamRecord implements ByteStreamHandlers {
  readonly stream: ByteStream;
  readonly #parts: Uint8Array[] = [];
  received = 0;
  drains = 0;
  ended = false;
  closed = false;
  error: WireError | undefined;

  constructor(stream: ByteStream) {
    this.stream = stream;
    stream.open(this);
  }

  /** Everything received so far, as one buffer. */
  get bytes(): Uint8Array {
    return concatBytes(this.#parts);
  }

  data(bytes: Uint8Array): void {
    this.#alive("data");
    check(!this.ended, "data arrived after the end");
    this.#parts.push(bytes);
    this.received += bytes.length;
  }

  drain(): void {
    this.#alive("drain");
    this.drains++;
  }

  end(): void {
    this.#alive("end");
    check(!this.ended, "the stream ended twice");
    this.ended = true;
  }

  close(error: WireError | undefined): void {
    this.#alive("close");
    this.closed = true;
    this.error = error;
  }

  #alive(event: string): void {
    check(!this.closed, `${event} after close`);
  }
}
