import type { Span, WireError } from "@proj/wire-types";
import type { IncomingMessage } from "./message.js";

/** What a message of the application waits with: its promise, and the signal that may cancel it. */
export class PendingCall {
  readonly #resolve: (reply: IncomingMessage | undefined) => void;
  readonly #reject: (error: WireError) => void;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;
  /** Learns under which id the message travels. */
  onMsgId: ((msgId: number) => void) | undefined;
  /** Times the call, where anybody wants to know. */
  span: Span | undefined;

  constructor(
    resolve: (reply: IncomingMessage | undefined) => void,
    reject: (error: WireError) => void,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Calls `onAbort` when the signal fires before the call is settled. */
  watch(signal: AbortSignal, onAbort: () => void): void {
    this.#signal = signal;
    this.#onAbort = onAbort;
    signal.addEventListener("abort", onAbort, { once: true });
  }

  /** Settles the call with its reply, or with nothing. */
  resolve(reply: IncomingMessage | undefined): void {
    this.#unwatch();
    this.span?.end();
    this.#resolve(reply);
  }

  /** Settles the call with its failure. */
  reject(error: WireError): void {
    this.#unwatch();
    this.span?.end(error);
    this.#reject(error);
  }

  #unwatch(): void {
    if (this.#signal === undefined || this.#onAbort === undefined) return;
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#signal = undefined;
  }
}
