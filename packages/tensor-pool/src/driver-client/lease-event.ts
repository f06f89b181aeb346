import type { LeaseRevokeReason, ShutdownReason } from "../messages/generated/driver.js";
import type { GrantedLease } from "./attach-check.js";

/** Why a lease is no more. */
export type LeaseLoss =
  | { readonly kind: "revoked"; readonly reason: LeaseRevokeReason; readonly message: string }
  /** No keepalive could be sent for as long as a lease lives. */
  | { readonly kind: "keepaliveFailed" }
  | { readonly kind: "shutdown"; readonly reason: ShutdownReason }
  /** The producer has gone, and no new epoch came. */
  | { readonly kind: "noNewEpoch" };

/** What a client learns of its lease. spec/tensor-pool.md §14.3 */
export type LeaseEvent =
  /** The lease is there: map what it is for. */
  | { readonly kind: "attached"; readonly lease: GrantedLease }
  /** The driver refused; the client tries again after a while. */
  | { readonly kind: "refused"; readonly code: number; readonly message: string }
  /** The driver answered what it must not. */
  | { readonly kind: "protocolError"; readonly message: string }
  /** The driver did not answer. */
  | { readonly kind: "timedOut" }
  /** The regions may not be used any more, from now on. */
  | { readonly kind: "lost"; readonly loss: LeaseLoss }
  /** Who wrote the stream has gone: what is mapped is over, and a new epoch may come. */
  | { readonly kind: "producerGone" }
  /** The lease was given back. */
  | { readonly kind: "detached" };
