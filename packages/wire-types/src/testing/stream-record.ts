import {
  concatBytes,
  type ByteStream,
  type ByteStreamHandlers,
  type WireError,
} from "@proj/wire-types";
import { check } from "./case.js";
import { settle } from "./waiting.js";

const SPOILT = 0xdb;

/** Opens a stream and writes down everything it says. */
export class StreamRecord implements ByteStreamHandlers {
  readonly stream: ByteStream;
  readonly #parts: Uint8Array[] = [];
  readonly #faults: string[] = [];
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
    if (this.ended) this.#faults.push("data after the end");
    this.#parts.push(bytes);
    this.received += bytes.length;
  }

  released(parts: readonly Uint8Array[]): void {
    this.#alive("released");
    // Whoever still refers to this memory sends something else from now on.
    for (const part of parts) part.fill(SPOILT);
  }

  drain(): void {
    this.#alive("drain");
    this.drains++;
  }

  end(): void {
    this.#alive("end");
    if (this.ended) this.#faults.push("a second end");
    this.ended = true;
  }

  close(error: WireError | undefined): void {
    this.#alive("close");
    this.closed = true;
    this.error = error;
  }

  /** Drops the connection and fails if anything was ever said out of turn. */
  async finish(): Promise<void> {
    this.stream.destroy();
    await settle();
    check(this.#faults.length === 0, this.#faults.join("; "));
  }

  // Noted, not thrown: a driver may catch what its owner throws.
  #alive(event: string): void {
    if (this.closed) this.#faults.push(`${event} after close`);
  }
}
