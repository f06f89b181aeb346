import { Hook } from "../core/hook.js";
import { guardHook } from "./guard.js";
import type { StreamBudget } from "./stream-budget.js";
import { WritableCapability } from "./writable-capability.js";

/** The end the peer writes to: who reads at the other hears what ended the session. */
class PipeEnd extends WritableCapability {
  override abandon(cause?: unknown): void {
    if (cause === undefined) super.abandon();
    else this.fail(cause);
  }
}

/** A pipe that the peer opened: it writes at one end, a message takes the other. spec/capnweb.md §9.2 */
export class Pipe {
  /** The end the peer writes to. */
  readonly writable: Hook;
  readonly #readable: ReadableStream;

  /** Opens the pipe; what nobody has read yet counts against `budget`. */
  constructor(budget: StreamBudget) {
    const { readable, writable } = new TransformStream();
    this.#readable = readable;
    this.writable = new Hook(new PipeEnd(writable, budget));
  }

  /** Answers the end to read from, and the reference that cancels it if nobody begins to. */
  take(): { readonly stream: ReadableStream; readonly hook: Hook } {
    const stream = this.#readable;
    const hook = guardHook(() => {
      if (stream.locked) return;
      const reason = new Error("ReadableStream RPC stub was disposed without being consumed");
      stream.cancel(reason).catch(() => undefined);
    });
    return { stream, hook };
  }
}
