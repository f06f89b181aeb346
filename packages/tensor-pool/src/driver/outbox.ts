/** A message of a driver. */
export interface DriverMessage {
  /** The stream that it goes to. */
  readonly stream: "control" | "announce";
  /** Its bytes, its own. */
  readonly bytes: Uint8Array;
}

/** Messages that may wait at most: what cannot be sent for so long is not worth keeping. */
const MAX_MESSAGES = 4_096;

/** Messages in the order in which they go out. */
export class Outbox {
  /** Messages that found it full. */
  dropped = 0;
  readonly #messages: DriverMessage[] = [];

  /** Adds one at the end. */
  put(stream: DriverMessage["stream"], bytes: Uint8Array): void {
    if (this.#messages.length < MAX_MESSAGES) this.#messages.push({ stream, bytes });
    else this.dropped++;
  }

  /** The one that goes out next. */
  peek(): DriverMessage | undefined {
    return this.#messages[0];
  }

  /** Forgets that one: it was sent. */
  shift(): void {
    this.#messages.shift();
  }
}
