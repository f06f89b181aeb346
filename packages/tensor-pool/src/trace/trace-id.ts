import { TensorPoolError } from "../errors.js";

/** Bits of a trace id: 41 of milliseconds, 10 of the node, 12 of a number. spec/tensor-pool.md §17 */
const NODE_BITS = 10n;
const SEQUENCE_BITS = 12n;
const MAX_NODE = 2 ** 10 - 1;
const MAX_SEQUENCE = 2 ** 12 - 1;

/** How trace ids are made. */
export interface TraceIdOptions {
  /** Which node mints, from 0 to 1023; a driver assigns it. */
  readonly nodeId: number;
  /** Now, in milliseconds since 1970. */
  readonly nowMs: () => number;
  /** What is subtracted from the time, in milliseconds; by default 0. */
  readonly epochMs?: number;
}

/** The parts of a trace id. */
export interface TraceIdParts {
  /** When it was minted, in milliseconds since the minter's epoch. */
  readonly ms: number;
  /** Who minted it. */
  readonly nodeId: number;
  /** Which of that millisecond. */
  readonly sequence: number;
}

/**
 * Mints trace ids, none of them twice.
 *
 * A clock that goes back is waited for by its last time: ids go on from there. When the numbers of a millisecond are used
 * up, those of the next one are begun.
 */
export class TraceIds {
  readonly #options: TraceIdOptions;
  #ms = -1;
  #sequence = 0;

  /** @throws `RangeError` for a node beyond 10 bits. */
  constructor(options: TraceIdOptions) {
    const { nodeId } = options;
    if (!(Number.isInteger(nodeId) && nodeId >= 0 && nodeId <= MAX_NODE)) {
      throw new RangeError(`node ${nodeId}, 0 to ${MAX_NODE} are possible`);
    }
    this.#options = options;
  }

  /** Returns the next id, which is never 0. @throws TensorPoolError `tensor_pool.config_invalid` beyond 41 bits of time. */
  mint(): bigint {
    const now = Math.floor(this.#options.nowMs()) - (this.#options.epochMs ?? 0);
    if (now > this.#ms) {
      this.#ms = now;
      this.#sequence = 0;
    } else if (this.#sequence < MAX_SEQUENCE) this.#sequence++;
    else {
      this.#ms++;
      this.#sequence = 0;
    }
    if (this.#ms < 0 || this.#ms >= 2 ** 41) {
      throw new TensorPoolError("tensor_pool.config_invalid", `${this.#ms} ms do not fit 41 bits`);
    }
    const id =
      (BigInt(this.#ms) << (NODE_BITS + SEQUENCE_BITS)) |
      (BigInt(this.#options.nodeId) << SEQUENCE_BITS) |
      BigInt(this.#sequence);
    // 0 is "none": only the first id of node 0 in the first millisecond would be that.
    return id === 0n ? this.mint() : id;
  }
}

/** Takes a trace id apart. */
export function traceIdParts(id: bigint): TraceIdParts {
  return {
    ms: Number(id >> (NODE_BITS + SEQUENCE_BITS)),
    nodeId: Number((id >> SEQUENCE_BITS) & BigInt(MAX_NODE)),
    sequence: Number(id & BigInt(MAX_SEQUENCE)),
  };
}
