import type { DescriptorSink } from "../producer/descriptor-offer.js";
import { RateGate } from "../limit/rate-gate.js";

/** A publication of one consumer's own. */
export interface OwnSink extends DescriptorSink {
  /** Ends it. */
  close(): void;
}

interface Own {
  readonly sink: OwnSink;
  readonly gate: RateGate;
}

/**
 * Sends each descriptor to the shared stream and to every consumer that has one of its own; a consumer's rate caps its own
 * only. spec/tensor-pool.md §8, §15
 */
export class DescriptorFanOut implements DescriptorSink {
  /** Descriptors that single consumers' publications did not take. */
  ownBackPressured = 0;
  readonly #shared: DescriptorSink;
  readonly #nowNs: () => bigint;
  readonly #own = new Map<number, Own>();

  /** Starts with the shared stream alone. */
  constructor(shared: DescriptorSink, nowNs: () => bigint) {
    this.#shared = shared;
    this.#nowNs = nowNs;
  }

  /** How many consumers have a stream of their own. */
  get ownCount(): number {
    return this.#own.size;
  }

  /** Gives a consumer a stream of its own, in place of one that it had. */
  set(consumerId: number, sink: OwnSink, maxRateHz: number): void {
    this.delete(consumerId);
    this.#own.set(consumerId, { sink, gate: new RateGate(maxRateHz) });
  }

  /** Ends the stream of a consumer. */
  delete(consumerId: number): void {
    this.#own.get(consumerId)?.sink.close();
    this.#own.delete(consumerId);
  }

  /** Sends a descriptor everywhere; what the shared stream answers counts. */
  offer(bytes: Uint8Array): number {
    if (this.#own.size > 0) this.#offerOwn(bytes);
    return this.#shared.offer(bytes);
  }

  /** Ends all streams of single consumers. */
  close(): void {
    for (const { sink } of this.#own.values()) sink.close();
    this.#own.clear();
  }

  #offerOwn(bytes: Uint8Array): void {
    const nowNs = this.#nowNs();
    for (const { sink, gate } of this.#own.values()) {
      if (gate.pass(nowNs) && sink.offer(bytes) < 0) this.ownBackPressured++;
    }
  }
}
