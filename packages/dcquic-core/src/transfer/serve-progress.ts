import type { RmaKey } from "../rma/rma-port.js";
import { IntervalSet } from "../buffer/interval-set.js";

const NO_KEYS: readonly RmaKey[] = [];

/** Bytes that a puller asked for and that were not sent yet. */
export interface ServeJob {
  /** The pull. */
  readonly pullSeq: number;
  /** Where it goes on. */
  next: number;
  /** Where it ends. */
  readonly end: number;
}

/** How far a transfer came at its announcer whose bytes are pulled. */
export class ServeProgress {
  /** What the puller has. */
  readonly acked: IntervalSet = new IntervalSet();
  /** What was sent at least once. */
  readonly sent: IntervalSet = new IntervalSet();
  /** What is to be sent. */
  readonly jobs: ServeJob[] = [];
  /** Whether it waits in the queue of those who have something to send. */
  isQueued = false;
  /** Whether the timer ran out and the next chunk is to ask for RANGE_ACK. */
  ackRequested = false;
  /** Whether its puller asked for bytes again: reads that it gave up may be under way still. */
  wasRepulled = false;
  /** What opens its buffer to the peer's reads, region by region; empty where nothing does. */
  rmaKeys: readonly RmaKey[] = NO_KEYS;
}
