import type { HugepagesPolicy, PublishMode, Role } from "../messages/generated/driver.js";

/** What a client asks for, and how patiently. */
export interface LeaseRequest {
  /** What the client is on the stream. */
  readonly role: Role;
  /** The stream; `undefined` for one that the driver chooses. */
  readonly streamId: number | undefined;
  /** Who asks; `undefined` for a random id, and another one where it is taken. */
  readonly clientId?: number | undefined;
  /** Whether a stream may be made that was not there; by default as the driver says. */
  readonly publishMode?: PublishMode | undefined;
  /** Which pages regions must be of; by default any. */
  readonly hugepages?: HugepagesPolicy;
  /** The node id that the client would like. */
  readonly desiredNodeId?: number | undefined;
  /** How long an answer is awaited, in nanoseconds; by default 5 s. */
  readonly answerTimeoutNs?: bigint;
  /** How often the driver hears that the client lives, in nanoseconds; by default 1 s. */
  readonly keepaliveNs?: bigint;
  /** Keepalives that may be missed; by default 3. */
  readonly graceIntervals?: number;
  /** How often streams are announced, in nanoseconds; by default 1 s. */
  readonly announcePeriodNs?: bigint;
}

/** How long a client waits for what, in nanoseconds. */
export interface LeaseTimes {
  /** For an answer. */
  readonly answerNs: bigint;
  /** From one keepalive to the next. */
  readonly keepaliveNs: bigint;
  /** Until a lease is over whose keepalives cannot be sent. */
  readonly windowNs: bigint;
  /** For the epoch that follows one whose producer has gone. */
  readonly newEpochNs: bigint;
}

const SECOND_NS = 1_000_000_000n;
const MISSED_ANNOUNCES = 3n;

/** Says how long a client waits for what, where the request leaves it open too. spec/tensor-pool.md §14.3 */
export function leaseTimes(request: LeaseRequest): LeaseTimes {
  const keepaliveNs = request.keepaliveNs ?? SECOND_NS;
  return {
    answerNs: request.answerTimeoutNs ?? 5n * SECOND_NS,
    keepaliveNs,
    windowNs: keepaliveNs * BigInt(request.graceIntervals ?? 3),
    newEpochNs: MISSED_ANNOUNCES * (request.announcePeriodNs ?? SECOND_NS),
  };
}
