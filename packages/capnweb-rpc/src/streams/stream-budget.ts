import type { RpcLimits } from "../limits.js";

/** What was written to streams here and has not been taken up by them yet. spec/capnweb.md §9.4, §13 */
export class StreamBudget {
  readonly #limits: Pick<RpcLimits, "maxPipeBytes" | "maxStreamBytes">;
  #bytes = 0;

  /** One for all streams of a session. */
  constructor(limits: Pick<RpcLimits, "maxPipeBytes" | "maxStreamBytes">) {
    this.#limits = limits;
  }

  /** How many bytes wait in all streams. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Counts `size` bytes more for a stream that holds `held` already.
   *
   * @throws RangeError when the stream, or all of them together, would hold too many.
   */
  take(size: number, held: number): void {
    const { maxPipeBytes, maxStreamBytes } = this.#limits;
    if (held + size > maxPipeBytes) {
      throw new RangeError(`${held + size} bytes wait in one stream, limit ${maxPipeBytes}.`);
    }
    if (this.#bytes + size > maxStreamBytes) {
      const all = this.#bytes + size;
      throw new RangeError(
        `${all} bytes wait in the streams of a session, limit ${maxStreamBytes}.`,
      );
    }
    this.#bytes += size;
  }

  /** Gives back what {@link StreamBudget.take} counted. */
  give(size: number): void {
    this.#bytes -= size;
  }
}
