import type { Id64 } from "../wire/id64.js";
import type { EnginePort } from "./engine-port.js";
import type { Stream } from "./stream.js";

/**
 * Settles the tokens of streams: a token names the opening transfer, but stands for the whole call.
 *
 * @see spec/dcquic.md §5, D-20
 */
export class TokenKeeper {
  readonly #port: EnginePort;
  // By slot, which no two live tokens share.
  readonly #streams = new Map<number, Stream>();

  /** Settles them at the engine of `port`. */
  constructor(port: EnginePort) {
    this.#port = port;
  }

  /** The stream whose token this is. */
  streamOf(token: Id64): Stream | undefined {
    const stream = this.#streams.get(token.lo);
    return stream?.token?.hi === token.hi ? stream : undefined;
  }

  /** Begins to answer for a stream's token. */
  hold(stream: Stream, token: Id64): void {
    stream.token = token;
    this.#streams.set(token.lo, stream);
  }

  /** Says how far the stream came; what was said before is not repeated. */
  settle(stream: Stream, outcome: "requestDone" | "complete" | "failed"): void {
    const { token, tokenSettled } = stream;
    if (token === undefined || tokenSettled === "yes") return;
    if (outcome === "requestDone" && tokenSettled === "request") return;
    stream.tokenSettled = outcome === "requestDone" ? "request" : "yes";
    if (outcome !== "requestDone") this.#streams.delete(token.lo);
    this.#port.settleToken(token, outcome);
  }
}
