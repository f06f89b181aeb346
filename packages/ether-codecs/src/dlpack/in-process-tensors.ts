import type { RandomSource, TensorView, Timer, Timers } from "@proj/wire-types";

const TOKEN_BYTES = 8;

/**
 * Hands tensors over inside one process: a token instead of bytes. spec/xcp.md §14.8
 *
 * Give one instance to both ends of a transport that is known not to leave the process, and to no other connection.
 */
export class InProcessTensors {
  readonly #random: RandomSource;
  readonly #timers: Timers;
  readonly #held = new Map<
    bigint,
    { readonly tensor: TensorView; readonly lease: Timer | undefined }
  >();

  /** `random` makes tokens that cannot be guessed; `timers` end leases. */
  constructor(random: RandomSource, timers: Timers) {
    this.#random = random;
    this.#timers = timers;
  }

  /** Tensors that nobody took yet. */
  get size(): number {
    return this.#held.size;
  }

  /** Holds `tensor` until its token is used, revoked, or `leaseMs` are over; 0 = no end. Nothing is copied. */
  offer(tensor: TensorView, leaseMs: number): bigint {
    const bytes = this.#random.fill(new Uint8Array(TOKEN_BYTES));
    const token = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
    if (this.#held.has(token)) return this.offer(tensor, leaseMs);
    const lease =
      leaseMs === 0
        ? undefined
        : this.#timers.schedule(leaseMs * 1000, () => this.#held.delete(token));
    this.#held.set(token, { tensor, lease });
    return token;
  }

  /** Gives the tensor of a token, once; `undefined` for one that was used, revoked, expired or never made. */
  take(token: bigint): TensorView | undefined {
    const entry = this.#held.get(token);
    this.revoke(token);
    return entry?.tensor;
  }

  /** Forgets a tensor whose message failed; harmless when it was taken. */
  revoke(token: bigint): void {
    this.#held.get(token)?.lease?.cancel();
    this.#held.delete(token);
  }
}
