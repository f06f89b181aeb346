import { LeakyBucket } from "../../sched/leaky-bucket.js";

/**
 * Spreads DATA over source ports, because networks limit what one flow may carry: each port has a bucket of its own, and the
 * one that is free first is taken.
 *
 * @see spec/dcquic.md §12
 */
export class PortSpreader {
  readonly #buckets: readonly LeakyBucket[];

  /** `flowBytesPerSecond` is what one port may send to one peer. */
  constructor(ports: number, flowBytesPerSecond: number) {
    this.#buckets = Array.from({ length: ports }, () => new LeakyBucket(flowBytesPerSecond));
  }

  /** How many ports a NIC needs whose flows are limited. */
  static portsFor(nicBytesPerSecond: number, flowBytesPerSecond: number): number {
    return Math.max(1, Math.ceil(nicBytesPerSecond / flowBytesPerSecond));
  }

  /** Chooses the port for so many bytes of DATA and accounts them. */
  take(nowUs: number, bytes: number): number {
    let best = 0;
    let freeUs = Number.POSITIVE_INFINITY;
    for (let port = 0; port < this.#buckets.length; port++) {
      const portFreeUs = this.#buckets[port]?.nextFreeUs ?? Number.POSITIVE_INFINITY;
      if (portFreeUs >= freeUs) continue;
      best = port;
      freeUs = portFreeUs;
    }
    this.#buckets[best]?.take(nowUs, bytes);
    return best;
  }
}
