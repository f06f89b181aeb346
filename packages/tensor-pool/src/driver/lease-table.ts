import type { RandomSource } from "@proj/wire-types";
import { Role } from "../messages/generated/driver.js";

/** The right of a client to a stream. spec/tensor-pool.md §14.2 */
export interface Lease {
  /** Its number, never used again by this driver. */
  readonly leaseId: bigint;
  /** The stream. */
  readonly streamId: number;
  /** Whose it is. */
  readonly clientId: number;
  /** What the client is on the stream. */
  readonly role: Role;
  /** The epoch that was handed out with it. */
  readonly epoch: bigint;
  /** The node id that was handed out with it. */
  readonly nodeId: number | undefined;
  /** The request that it answers. */
  readonly correlationId: bigint;
  /** The answer, for a client that asks again. */
  readonly answer: Uint8Array;
  /** When it ends unless the client says that it lives, in monotonic nanoseconds. */
  expiryNs: bigint;
}

/** What names a lease in a message. */
export type LeaseKey = Pick<Lease, "leaseId" | "streamId" | "clientId"> & {
  /** What the client says it is. */
  readonly role: number;
};

/** The active leases of a driver. */
export class LeaseTable implements Iterable<Lease> {
  readonly #byId = new Map<bigint, Lease>();
  readonly #byClient = new Map<number, Lease>();
  readonly #producers = new Map<number, Lease>();

  /** How many are active. */
  get size(): number {
    return this.#byId.size;
  }

  /** Adds one. */
  add(lease: Lease): void {
    this.#byId.set(lease.leaseId, lease);
    this.#byClient.set(lease.clientId, lease);
    if (lease.role === Role.PRODUCER) this.#producers.set(lease.streamId, lease);
  }

  /** Takes one out. */
  remove(lease: Lease): void {
    this.#byId.delete(lease.leaseId);
    this.#byClient.delete(lease.clientId);
    if (lease.role === Role.PRODUCER) this.#producers.delete(lease.streamId);
  }

  /** Returns the lease with this number. */
  byId(leaseId: bigint): Lease | undefined {
    return this.#byId.get(leaseId);
  }

  /** Returns the lease of a client. */
  ofClient(clientId: number): Lease | undefined {
    return this.#byClient.get(clientId);
  }

  /** Returns the lease of whoever writes a stream. */
  producerOf(streamId: number): Lease | undefined {
    return this.#producers.get(streamId);
  }

  /** Returns the lease that all four fields name. */
  matching(key: LeaseKey): Lease | undefined {
    const lease = this.#byId.get(key.leaseId);
    const same =
      lease?.streamId === key.streamId &&
      lease.clientId === key.clientId &&
      lease.role === key.role;
    return same ? lease : undefined;
  }

  /** Whether a lease was handed out with this epoch and is active. */
  refersTo(streamId: number, epoch: bigint): boolean {
    for (const lease of this.#byId.values()) {
      if (lease.streamId === streamId && lease.epoch === epoch) return true;
    }
    return false;
  }

  /** Yields all, oldest first; some may be removed meanwhile. */
  [Symbol.iterator](): IterableIterator<Lease> {
    return this.#byId.values();
  }
}

/** Where the numbers of leases begin: 62 random bits, above every earlier driver's in all likelihood, far below null. */
export function firstLeaseId(random: RandomSource): bigint {
  const bytes = random.fill(new Uint8Array(8));
  const value = new DataView(bytes.buffer).getBigUint64(0, true);
  return (value >> 2n) + 1n;
}
