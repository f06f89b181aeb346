import type { OutgoingMessage, StreamSink } from "./message.js";
import { isThenable } from "./thenable.js";

/** What a {@link SinkPump} reports. */
export interface SinkPumpHooks {
  /** The sink took these bytes. */
  released(bytes: number): void;
  /** The sink took everything; the result is its reply. */
  finished(reply: OutgoingMessage | undefined): void;
  /** The sink threw: nothing more is given to it. */
  failed(thrown: unknown): void;
}

/**
 * Feeds a sink chunk by chunk, one at a time, in order. A sink that answers at once costs no promise.
 */
export class SinkPump {
  readonly #sink: StreamSink;
  readonly #hooks: SinkPumpHooks;
  readonly #queue: Uint8Array[] = [];
  #busy = false;
  #ended = false;
  #over = false;

  constructor(sink: StreamSink, hooks: SinkPumpHooks) {
    this.#sink = sink;
    this.#hooks = hooks;
  }

  /** Gives the sink the next bytes, when its turn comes. */
  push(bytes: Uint8Array): void {
    if (this.#over) {
      this.#hooks.released(bytes.length);
      return;
    }
    this.#queue.push(bytes);
    if (!this.#busy) this.#work();
  }

  /** Everything was pushed. */
  end(): void {
    this.#ended = true;
    if (!this.#busy) this.#work();
  }

  /** The message will not be completed. */
  abort(error: unknown): void {
    if (this.#over) return;
    this.#stop();
    try {
      this.#sink.abort(error);
    } catch {
      // A sink that cannot even be aborted has nothing left to say.
    }
  }

  #work(): void {
    while (!this.#over) {
      const bytes = this.#queue.shift();
      if (bytes === undefined) break;
      let result: undefined | void | PromiseLike<void>;
      try {
        result = this.#sink.chunk(bytes);
      } catch (error) {
        this.#hooks.released(bytes.length);
        this.#fail(error);
        return;
      }
      if (isThenable(result)) {
        this.#wait(result, bytes.length);
        return;
      }
      this.#hooks.released(bytes.length);
    }
    if (this.#ended && !this.#over) this.#finish();
  }

  #wait(result: PromiseLike<void>, bytes: number): void {
    const taken = (): void => {
      this.#busy = false;
      this.#hooks.released(bytes);
    };
    const goOn = (): void => {
      taken();
      this.#work();
    };
    const giveUp = (error: unknown): void => {
      taken();
      this.#fail(error);
    };
    this.#busy = true;
    result.then(goOn, giveUp);
  }

  #finish(): void {
    this.#over = true;
    try {
      const reply = this.#sink.end();
      if (isThenable(reply)) {
        reply.then(
          (value) => this.#hooks.finished(value),
          (error: unknown) => this.#hooks.failed(error),
        );
      } else this.#hooks.finished(reply);
    } catch (error) {
      this.#hooks.failed(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#stop();
    this.#hooks.failed(error);
  }

  #stop(): void {
    this.#over = true;
    for (const bytes of this.#queue) this.#hooks.released(bytes.length);
    this.#queue.length = 0;
  }
}
