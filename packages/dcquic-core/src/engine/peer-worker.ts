import type { ReceiveKeys } from "../crypto/receive-keys.js";
import { WIDE_ZERO } from "../wire/wide-zero.js";
import { ReplayWindow } from "../path/replay-window.js";
import type { KeyHash } from "../sched/key-hash.js";
import { RecentMap } from "../sched/recent-map.js";
import type { Id64 } from "../wire/id64.js";
import type { FirstCounters } from "./first-counters.js";
import { LiveTransfers } from "../transfer/live-transfers.js";
import { SettledNumbers } from "../transfer/settled-numbers.js";
import type { Tombstones } from "../transfer/tombstones.js";
import type { WaitingList } from "../transfer/waiting-list.js";

// As many as may be challenged at a time, some times over.
const MAX_UNPROVED = 1024;

/** What a path knows of one worker of the peer: its keys, its windows, its announcements and what arrived from it. */
export class PeerWorker {
  /** The worker. */
  readonly worker: number;
  /** Opens its packets. */
  readonly keys: ReceiveKeys;
  /** Packet numbers that were opened. */
  readonly packets: ReplayWindow;
  /** Announcements that were taken. */
  readonly notifies: ReplayWindow;
  /** Its transfers that are not finished here. */
  readonly live: LiveTransfers;
  /** Its transfers that are. */
  readonly tombstones: Tombstones;
  /** Announcements that were offered to the application, refused, voided or closed: dependents may go on. */
  readonly offered: SettledNumbers;
  /** Transfers that wait until another one is offered, by its notifySeq. */
  readonly dependents: Map<number, WaitingList> = new Map();
  #unproved: RecentMap<number, true> | undefined;
  /** Ids here of transfers that were announced again on another path, by the number they had on this one. */
  readonly moved: Map<number, Id64> = new Map();
  /** Packets that were opened. */
  packetCount = 0;
  /** Bytes of their datagrams. */
  byteCount: number = WIDE_ZERO;
  /** Packets marked ECT(0). */
  ect0 = 0;
  /** Packets marked ECT(1). */
  ect1 = 0;
  /** Packets marked CE. */
  ce = 0;
  /** Largest number among them. */
  largest = -1;
  /** The sender's clock in that packet. */
  largestClockUs = 0;
  /** When it arrived. */
  largestAtUs: number = WIDE_ZERO;
  /** CONTROL packets, and how many of them were marked CE, since losses were last weighed. */
  controls = 0;
  controlMarks = 0;
  /** Largest number and packets when losses were last weighed. */
  weighedLargest = -1;
  weighedPackets = 0;
  /** Ack-eliciting packets since the last FEEDBACK. */
  owed = 0;

  /** Starts with nothing seen. */
  constructor(options: {
    readonly worker: number;
    readonly keys: ReceiveKeys;
    readonly tombstones: Tombstones;
    readonly packetWindow: number;
    readonly notifyWindow: number;
    readonly counters: FirstCounters;
    readonly hash: KeyHash;
  }) {
    const { counters } = options;
    this.worker = options.worker;
    this.live = new LiveTransfers(options.hash);
    this.largest = counters.packetNumber - 1;
    this.weighedLargest = this.largest;
    this.offered = new SettledNumbers(counters.notifySeq);
    this.keys = options.keys;
    this.tombstones = options.tombstones;
    this.packets = new ReplayWindow(options.packetWindow, counters.packetNumber);
    this.notifies = new ReplayWindow(options.notifyWindow, counters.notifySeq);
  }

  /** Notes that an announcement was forgotten because nobody proved it, though its number counts as seen. */
  doubt(notifySeq: number): void {
    if (this.notifies.check(notifySeq) !== "seen") return;
    this.#unproved ??= new RecentMap(MAX_UNPROVED);
    this.#unproved.set(notifySeq, true);
  }

  /** Whether it was: then it may be one that never was taken. */
  isUnproved(notifySeq: number): boolean {
    return this.#unproved?.has(notifySeq) === true;
  }
}
