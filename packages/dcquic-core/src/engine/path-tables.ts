import { IntervalSet } from "../buffer/interval-set.js";
import { LinkedSet } from "../sched/linked-set.js";
import { RecentMap } from "../sched/recent-map.js";
import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { Pull } from "../transfer/pull-progress.js";
import { formatId, type Id64 } from "../wire/id64.js";
import { type RetiringKeys, retiringKeys } from "./key-retirement.js";
import { Outbox } from "./outbox.js";
import type { CloseState } from "./stream-closer.js";

// As many as may be announced to one peer at a time.
const MAX_CANCELLED = 65_536;

/** Everything a path has that is made when something happens on it for the first time: most peers are idle, most of the time. */
export class PathTables {
  #retiring: RetiringKeys | undefined;
  #outbox: Outbox | undefined;
  #finished: IntervalSet | undefined;
  #unanswered: LinkedSet<AnnouncedTransfer> | undefined;
  #gated: Map<AnnouncedTransfer, AnnouncedTransfer[]> | undefined;
  #inflightPulls: Map<Pull, PulledTransfer> | undefined;
  #openCloses: Map<string, CloseState> | undefined;
  #cancelled: RecentMap<string, true> | undefined;

  /** Own keys that go out of use. */
  get retiring(): RetiringKeys {
    this.#retiring ??= retiringKeys();
    return this.#retiring;
  }

  /** What waits to be written. */
  get outbox(): Outbox {
    this.#outbox ??= new Outbox();
    return this.#outbox;
  }

  /** Own announcements that are finished, for CLOSED. */
  get finished(): IntervalSet {
    this.#finished ??= new IntervalSet();
    return this.#finished;
  }

  /** Own transfers without an answer, in order of their last transmission. */
  get unanswered(): LinkedSet<AnnouncedTransfer> {
    this.#unanswered ??= new LinkedSet();
    return this.#unanswered;
  }

  /** Own transfers that wait for one they name to be announced first. */
  get gated(): Map<AnnouncedTransfer, AnnouncedTransfer[]> {
    this.#gated ??= new Map();
    return this.#gated;
  }

  /** Pulls without a full answer, in order of their last transmission. */
  get inflightPulls(): Map<Pull, PulledTransfer> {
    this.#inflightPulls ??= new Map();
    return this.#inflightPulls;
  }

  /** Own closes without an answer. */
  get openCloses(): Map<string, CloseState> {
    this.#openCloses ??= new Map();
    return this.#openCloses;
  }

  /** Notes that an own transfer was cancelled which the peer knew of: it may ask for more of it before it learns that. */
  cancelled(id: Id64): void {
    this.#cancelled ??= new RecentMap(MAX_CANCELLED);
    this.#cancelled.set(formatId(id), true);
  }

  /** Whether an own transfer is one of those. */
  wasCancelled(id: Id64): boolean {
    return this.#cancelled?.has(formatId(id)) === true;
  }

  /** Whether anything waits in {@link PathTables.outbox}. */
  get hasOutgoing(): boolean {
    return this.#outbox?.isEmpty === false;
  }
}
