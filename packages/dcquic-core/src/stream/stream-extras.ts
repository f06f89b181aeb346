import type { InboundMessage } from "./inbound.js";
import type { StreamPlacement } from "./stream.js";
import type { Submission } from "./submission.js";

const NONE: readonly InboundMessage[] = [];
const NO_CLOSES: readonly ("sendDone" | "receiveDone")[] = [];

/** What few streams have: those that are tracked, carry bulk, send before they have an id, or end with a close. */
export class StreamExtras {
  /** Whether the request's and the whole call's token were settled. */
  tokenSettled: "no" | "request" | "yes" = "no";
  /** Is told how many wire bytes of an own bulk message the peer has, and how many there are. */
  onProgress: ((ackedBytes: number, totalBytes: number) => void) | undefined;
  /** Where the records of its message go. */
  placement: StreamPlacement | undefined;
  /** Messages that the peer announced and that nobody wants any more. */
  orphans: readonly InboundMessage[] = NONE;
  /** Whether a STREAM_CLOSE of one direction waits for its answer. */
  closing = false;
  /** Scopes that wait until that answer came. */
  closesQueued: readonly ("sendDone" | "receiveDone")[] = NO_CLOSES;
  /** Messages that wait until the opening transfer has an id. */
  backlog: Submission[] | undefined;
}

/** Of those that have nothing of it: to be read, and never written to. */
export const NO_EXTRAS: Readonly<StreamExtras> = Object.freeze(new StreamExtras());
