import { IntervalSet } from "../buffer/interval-set.js";
import { NO_TIMER, type TimerId } from "../sched/timing-wheel.js";
import type { RecordAssembly } from "./record-assembly.js";

/** One PULL_REQUEST that is not fully answered. */
export interface Pull {
  /** Its number. */
  seq: number;
  /** What it asks for. */
  readonly start: number;
  /** And to where. */
  readonly end: number;
  /** Bytes of it that count as outstanding. */
  left: number;
  /** When it was last sent; negative while it waits to be sent. */
  sentUs: number;
  /** The packet that carried it. */
  sentInPacket: number;
  /** Until when no answer is missed: expected transmission and hold time included. */
  dueUs: number;
  /** How often it was sent. */
  attempts: number;
  /** Whether any of its bytes arrived since it was last sent. */
  answered: boolean;
  /** Whether it was its transfer's only one on the way when it was sent, so that its sender serves it in turn. */
  alone: boolean;
  /** How many later pulls to the same sender were answered since. */
  overtaken: number;
}

/** How far a transfer came of which something was asked for: of its bytes, or for a proof that it is no replay. */
export class PullProgress {
  /** Where the wire bytes go, once it was accepted and until it is over. */
  assembly: RecordAssembly | undefined;
  /** What arrived. */
  readonly received: IntervalSet = new IntervalSet();
  /** What of it was verified as far as it can be: whole records, or parts as long as those. */
  readonly verified: IntervalSet = new IntervalSet();
  /** Bytes of placed parts that may wait to be used; Infinity when the message is kept whole. */
  placedWindow: number = Number.POSITIVE_INFINITY;
  /** Bytes of placed parts that were used. */
  placedUsed = 0;
  /** Whether pulling waits until placed parts are used. */
  isStalled = false;
  /** Where the next pull begins. */
  nextPull = 0;
  /** Number of the next pull. */
  pullSeq = 0;
  /** Pulls that are not fully answered, in order of their numbers. */
  pulls: Pull[] = [];
  /** Its one timer. */
  timer: TimerId = NO_TIMER;
  /** When that fires, while it is set. */
  timerUs: number = Number.POSITIVE_INFINITY;
  /** Whether it waits in the queue of acknowledgements. */
  ackQueued = false;
  /** Whether any part of it was acknowledged: the announcer may have forgotten that. */
  wasAcknowledged = false;
  /** How often a record or the binding did not verify. */
  integrityFailures = 0;
  /** Nonce of the challenge. */
  nonce: Uint8Array | undefined;
  /** How often the announcer was asked for a proof. */
  challenges = 0;

  /** Whether its parts are told one by one. */
  get isPlaced(): boolean {
    return this.placedWindow !== Number.POSITIVE_INFINITY;
  }
}
