/** Remembers when inputs were last heard of, on the local monotonic clock. spec/tensor-pool.md §18 */
export class InputLiveness {
  readonly #timeoutNs: bigint | undefined;
  readonly #seenNs = new Map<number, bigint>();

  /** Without a timeout nobody is ever stale. All inputs count as heard of at `nowNs`. */
  constructor(inputs: readonly number[], timeoutNs: bigint | undefined, nowNs: bigint) {
    this.#timeoutNs = timeoutNs;
    for (const input of inputs) this.#seenNs.set(input, nowNs);
  }

  /** Notes that an input was heard of. */
  seen(input: number, nowNs: bigint): void {
    if (this.#seenNs.has(input)) this.#seenNs.set(input, nowNs);
  }

  /** Tells whether an input was silent for too long. */
  isStale(input: number, nowNs: bigint): boolean {
    const seenNs = this.#seenNs.get(input);
    if (this.#timeoutNs === undefined || seenNs === undefined) return false;
    return nowNs - seenNs > this.#timeoutNs;
  }
}

/** Whether an output may be made. */
export type Readiness =
  /** It may; `stale` inputs are to be treated as absent. */
  | { readonly kind: "ready"; readonly stale: readonly number[] }
  /** It may not yet, because of these inputs. */
  | { readonly kind: "waiting"; readonly inputs: readonly number[] }
  /** It may not: there is no map of this epoch. */
  | { readonly kind: "noMap" };

/** Judges an output by each of its inputs: one that is not ready holds it up, unless it is stale. */
export function readiness(
  inputs: readonly number[],
  isReady: (input: number) => boolean,
  isStale: (input: number) => boolean,
): Readiness {
  const missing = inputs.filter((input) => !isReady(input));
  const waiting = missing.filter((input) => !isStale(input));
  if (waiting.length > 0) return { kind: "waiting", inputs: waiting };
  return { kind: "ready", stale: missing };
}
