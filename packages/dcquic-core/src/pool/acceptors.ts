import type { IncomingStream } from "../stream/incoming-stream.js";
import type { PoolBackend, Route } from "./pool-backend.js";

/** Is shown streams that peers open. */
export type StreamTaker = (incoming: IncomingStream, route: Route) => void;

/**
 * Who answers the calls of peers: of several threads, each in its turn.
 *
 * @see spec/dcquic.md §4
 */
export class Acceptors {
  readonly #backend: Pick<PoolBackend, "serve">;
  readonly #takers = new Map<object, StreamTaker>();
  #turn = 0;

  /** Nobody answers yet. */
  constructor(backend: Pick<PoolBackend, "serve">) {
    this.#backend = backend;
  }

  /** Has `owner` answer from now on, in place of what it had before, or no more. */
  set(owner: object, taker: StreamTaker | undefined): void {
    if (taker === undefined) this.#takers.delete(owner);
    else this.#takers.set(owner, taker);
    const takers = [...this.#takers.values()];
    const [only] = takers;
    // One that answers alone is asked without a detour.
    if (takers.length <= 1) return this.#backend.serve(only);
    this.#backend.serve((incoming, route) => {
      this.#turn = (this.#turn + 1) % takers.length;
      takers[this.#turn]?.(incoming, route);
    });
  }
}
