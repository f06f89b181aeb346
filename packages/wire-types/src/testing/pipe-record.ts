import type { MessagePipe, MessagePipeHandlers, WireError } from "@proj/wire-types";
import { check } from "./case.js";

/** Opens a pipe and writes down everything it says. */
export class PipeRecord implements MessagePipeHandlers {
  readonly pipe: MessagePipe;
  readonly messages: Uint8Array[] = [];
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

  #alive(event: string): void {
    check(!this.closed, `${event} after close`);
  }
}
