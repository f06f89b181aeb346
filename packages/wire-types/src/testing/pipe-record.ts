import type { MessagePipe, MessagePipeHandlers, WireError } from "@proj/wire-types";
import { check } from "./case.js";
import { settle } from "./waiting.js";

/** Opens a pipe and writes down everything it says. */
export class PipeRecord implements MessagePipeHandlers {
  readonly pipe: MessagePipe;
  readonly messages: Uint8Array[] = [];
  readonly #faults: string[] = [];
  drains = 0;
  closed = false;
  error: WireError | undefined;

  constructor(pipe: MessagePipe) {
    this.pipe = pipe;
    pipe.open(this);
  }

  message(message: Uint8Array): void {
    this.#alive("message");
    this.messages.push(message);
  }

  drain(): void {
    this.#alive("drain");
    this.drains++;
  }

  close(error: WireError | undefined): void {
    this.#alive("close");
    this.closed = true;
    this.error = error;
  }

  /** Drops the connection and fails if anything was ever said out of turn. */
  async finish(): Promise<void> {
    this.pipe.destroy();
    await settle();
    check(this.#faults.length === 0, this.#faults.join("; "));
  }

  // Noted, not thrown: a driver may catch what its owner throws.
  #alive(event: string): void {
    if (this.closed) this.#faults.push(`${event} after close`);
  }
}
