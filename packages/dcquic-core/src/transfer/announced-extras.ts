import { NO_TIMER, type TimerId } from "../sched/timing-wheel.js";
import type { AnnouncedTransfer } from "./announced-transfer.js";

/** An earlier transfer of the same path that an announcement names. */
export interface NamedDependency {
  /** The earlier one. */
  readonly transfer: AnnouncedTransfer;
  /** {@link DependencyKind}. */
  readonly kind: number;
}

/** Where an announcement was made first. spec/dcquic.md §10.4 */
export interface Origin {
  /** The worker that made it. */
  readonly worker: number;
  /** The number it had. */
  readonly notifySeq: number;
  /** The path it was made on. */
  readonly credentialId: Uint8Array;
}

/** An announcement on a path that its transfer was moved from. */
export interface FormerAnnouncement {
  /** Number of that path. */
  readonly path: number;
  /** Its number there. */
  readonly notifySeq: number;
}

const NO_FORMER: readonly FormerAnnouncement[] = [];
const NO_DEPENDENCIES: readonly NamedDependency[] = [];

/** What few own transfers have: those that name others, move, have a deadline, are sent again or are taken back. */
export class AnnouncedExtras {
  /** Where it was announced first, if it was moved to another path since. */
  origin: Origin | undefined;
  /** Its announcements on paths it was moved from: closed there when it is over. */
  former: readonly FormerAnnouncement[] = NO_FORMER;
  /** Earlier transfers of the same path that its announcement names, with the kind of dependency. */
  after: readonly NamedDependency[] = NO_DEPENDENCIES;
  /** Timer of its deadline. */
  deadlineTimer: TimerId = NO_TIMER;
  /** When loss was last inferred, so that it is inferred once per round trip. */
  resentUs: number = Number.NEGATIVE_INFINITY;
  /** Whether it waits in a queue of resends. */
  resendQueued = false;
  /** Whether the answer is late, and the announcement was not sent again for that because nothing was heard of the peer. */
  isOverdue = false;
  /** Whether its announcement is being taken back. */
  voiding = false;
  /** With what it fails once the peer accepted it: an inline announcement cannot be taken back. */
  cancelStatus: number | undefined;
}

/** Of those that have nothing of it: to be read, and never written to. */
export const NO_EXTRAS: Readonly<AnnouncedExtras> = Object.freeze(new AnnouncedExtras());
