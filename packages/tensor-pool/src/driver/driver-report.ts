import type { LeaseRevokeReason, Role, ShutdownReason } from "../messages/generated/driver.js";

/** What a driver has counted. spec/tensor-pool.md §24 */
export interface DriverCounters {
  /** Leases that were granted. */
  attaches: number;
  /** Attaches that were refused, by `ResponseCode`. */
  readonly rejects: Record<number, number>;
  /** Leases that were given back. */
  detached: number;
  /** Leases that ended because nothing was heard of the client. */
  expired: number;
  /** Leases that the driver took back. */
  revoked: number;
  /** Keepalives that named no active lease. */
  keepalivesIgnored: number;
  /** Epochs whose files were removed. */
  gcDeleted: number;
  /** Requests to stop with another token, or where there is none. */
  shutdownsIgnored: number;
  /** Messages that were not sent, because the ones before them could not be. */
  messagesDropped: number;
}

/** Whether a driver takes attaches, lets clients leave, or is over. */
export type DriverState = "running" | "draining" | "stopped";

/** What a driver tells its owner. */
export type DriverEvent =
  | {
      readonly kind: "attached";
      readonly streamId: number;
      readonly clientId: number;
      readonly role: Role;
      readonly leaseId: bigint;
    }
  | { readonly kind: "refused"; readonly clientId: number; readonly message: string }
  | {
      readonly kind: "leaseEnded";
      readonly streamId: number;
      readonly clientId: number;
      readonly role: Role;
      readonly reason: LeaseRevokeReason;
    }
  | { readonly kind: "epochBegan"; readonly streamId: number; readonly epoch: bigint }
  | { readonly kind: "epochRemoved"; readonly streamId: number; readonly epoch: bigint }
  | { readonly kind: "regionsRefused"; readonly streamId: number; readonly message: string }
  | { readonly kind: "draining"; readonly reason: ShutdownReason }
  | { readonly kind: "stopped"; readonly reason: ShutdownReason };

/** A stream as it is now. */
export interface StreamReport {
  /** The stream. */
  readonly streamId: number;
  /** Its epoch; 0 before the first. */
  readonly epoch: bigint;
  /** Who writes it; 0 for nobody. */
  readonly producerId: number;
  /** How many read it with a lease. */
  readonly consumers: number;
  /** Slots of the ring and of every pool. */
  readonly nslots: number;
  /** Bytes of its regions. */
  readonly bytes: number;
}

/** A lease as it is now. */
export interface LeaseReport {
  /** Its number. */
  readonly leaseId: bigint;
  /** The stream. */
  readonly streamId: number;
  /** Whose it is. */
  readonly clientId: number;
  /** What the client is on the stream. */
  readonly role: "producer" | "consumer";
  /** Its epoch. */
  readonly epoch: bigint;
  /** The client's node id for trace ids, if it has one. */
  readonly nodeId: number | undefined;
  /** How long it lives without a keepalive, in nanoseconds. */
  readonly expiresInNs: bigint;
}

/** Returns counters at zero. */
export function newDriverCounters(): DriverCounters {
  return {
    attaches: 0,
    rejects: { 1: 0, 2: 0, 3: 0, 4: 0 },
    detached: 0,
    expired: 0,
    revoked: 0,
    keepalivesIgnored: 0,
    gcDeleted: 0,
    shutdownsIgnored: 0,
    messagesDropped: 0,
  };
}
