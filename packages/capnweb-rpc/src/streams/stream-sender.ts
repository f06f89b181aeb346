import type { Hook } from "../core/hook.js";
import { FlowWindow } from "./flow-window.js";
import type { MonotonicClock } from "./monotonic-clock.js";

/** What happened to a chunk: nothing bad, or a failure. */
export type Acknowledged = (failure: { readonly reason: unknown } | undefined) => void;

/** How a sender reaches the stream of the peer. */
export interface StreamLine {
  /**
   * Sends one call of a stream as one `stream` message and answers its size in bytes.
   *
   * @throws TypeError for a chunk that cannot cross: nothing has been sent then.
   */
  stream(target: Hook, method: string, args: readonly unknown[], done: Acknowledged): number;
}

/**
 * Writes to a stream of the peer, no more at a time than its window allows. The reference to the
 * stream is given back at its end. spec/capnweb.md §9.3
 */
export class StreamSender {
  readonly #line: StreamLine;
  readonly #target: Hook;
  readonly #window: FlowWindow;
  readonly #failed: (reason: unknown) => void;
  #failure: { readonly reason: unknown } | undefined;
  #unblock:
    | { readonly resolve: () => void; readonly reject: (reason: unknown) => void }
    | undefined;

  /** Takes over `target`; `failed` hears of the first write that failed. */
  constructor(
    line: StreamLine,
    target: Hook,
    clock: MonotonicClock,
    failed: (reason: unknown) => void,
  ) {
    this.#line = line;
    this.#target = target;
    this.#window = new FlowWindow(clock);
    this.#failed = failed;
  }

  /** Sends a chunk; resolves when another may follow. */
  write(chunk: unknown): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    let acknowledged: Acknowledged = () => undefined;
    const size = this.#line.stream(this.#target, "write", [chunk], (failure) =>
      acknowledged(failure),
    );
    const sent = this.#window.sent(size);
    acknowledged = (failure) => {
      if (failure === undefined) this.#window.acknowledged(sent);
      else {
        this.#window.failed(sent);
        this.#fail(failure.reason);
      }
      if (!this.#window.full) this.#release();
    };
    if (!this.#window.full) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#unblock = { resolve, reject };
    });
  }

  /** Ends the stream; resolves when every chunk has arrived, or tells of the first that did not. */
  close(): Promise<void> {
    return this.#end("close", []);
  }

  /** Gives the stream up. */
  abort(reason: unknown): Promise<void> {
    return this.#end("abort", [reason]);
  }

  /** Gives back the reference without a word. */
  dispose(): void {
    this.#target.dispose();
  }

  #end(method: string, args: readonly unknown[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    return new Promise((resolve, reject) => {
      this.#line.stream(this.#target, method, args, (failure) => {
        this.#target.dispose();
        const worst = this.#failure ?? failure;
        if (worst === undefined) resolve();
        // Anything may be thrown.
        else reject(worst.reason);
      });
    });
  }

  #fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { reason };
    this.#unblock?.reject(reason);
    this.#unblock = undefined;
    this.#failed(reason);
    this.#target.dispose();
  }

  #release(): void {
    this.#unblock?.resolve();
    this.#unblock = undefined;
  }
}
