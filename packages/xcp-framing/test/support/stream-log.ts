import {
  type ByteStream,
  type ByteStreamHandlers,
  concatBytes,
  type MessagePipe,
  type MessagePipeHandlers,
  type WireError,
} from "@proj/wire-types";

/** Opens a stream or a pipe and notes what it says. */
export class StreamLog implements ByteStreamHandlers, MessagePipeHandlers {
  readonly messages: Uint8Array[] = [];
  ended = false;
  /** Resolves with the error that the close came with. */
  readonly closed: Promise<WireError | undefined>;
  #closed: (error: WireError | undefined) => void = () => undefined;
  #changed: () => void = () => undefined;

  constructor(transport: ByteStream | MessagePipe) {
    this.closed = new Promise((resolve) => {
      this.#closed = resolve;
    });
    transport.open(this);
  }

  /** Everything received so far. */
  get bytes(): Uint8Array {
    return concatBytes(this.messages);
  }

  /** Resolves once `condition` holds; it is looked at whenever something happens. */
  async until(condition: (log: StreamLog) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  data(bytes: Uint8Array): void {
    this.message(bytes);
  }

  message(bytes: Uint8Array): void {
    this.messages.push(bytes);
    this.#changed();
  }

  drain(): void {
    this.#changed();
  }

  end(): void {
    this.ended = true;
    this.#changed();
  }

  close(error: WireError | undefined): void {
    this.#closed(error);
    this.#changed();
  }
}
