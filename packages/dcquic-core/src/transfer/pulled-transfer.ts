import type { IntervalSet } from "../buffer/interval-set.js";
import type { Linked } from "../sched/linked-set.js";
import { NotifyFlag, Protection } from "../wire/constants.js";
import type { InlineMemory } from "./inline-memory.js";
import { type Pull, PullProgress } from "./pull-progress.js";
import type { WaitingList } from "./waiting-list.js";
import { WireSource } from "./wire-source.js";
import { copyId, type Id64, id64, sameId } from "../wire/id64.js";
import type { NotifyEntry } from "../wire/notify-entry.js";

/**
 * Where a peer's transfer is. spec/dcquic.md §6
 *
 * ```
 * challenged ─proof─▶ held ─dependencies offered─▶ offered ─accept─▶ pulling ─all bytes─▶ delivered ─consume─▶ tombstone
 * tentative ─authentic DATA─▶ held           offered ─reject─▶ tombstone          any ─▶ failed
 * ```
 */
export type PullerState = "challenged" | "tentative" | "held" | "offered" | "pulling" | "delivered";

// Most transfers ride in their announcement: what they do not use is not made. spec/dcquic.md §20
const NOTHING = new Uint8Array(0);
const NO_PULLS: readonly Pull[] = [];

/** A transfer at its puller. */
export class PulledTransfer implements Linked<PulledTransfer> {
  /** Own id. */
  readonly id: Id64 = id64();
  /** Id at the announcer. */
  readonly announcerId: Id64 = id64();
  /** The stream: the id of the transfer that opened it. */
  readonly streamId: Id64;
  /** Number of the path. */
  path: number;
  /** The worker that announced it. */
  worker: number;
  /** Number of its announcement. */
  notifySeq: number;
  /** Pattern and shape bits. */
  readonly shape: number;
  /** 0 to 7. */
  readonly priority: number;
  /** Number of the message in its direction. */
  readonly messageSeq: number;
  /** Plain bytes. */
  readonly totalBytes: number;
  /** For the acceptor. */
  readonly meta: Uint8Array;
  /** The announcer's causality token. */
  readonly token: Id64 | undefined;
  /** The payload, if it rode inline. */
  readonly inline: Uint8Array | undefined;
  /** Where its bytes are, if it did not ride inline. */
  readonly source: WireSource;
  /** Where it is. */
  state: PullerState = "held";
  /** The lists of announcements that must be offered before, in which it is. */
  waitsFor: Set<WaitingList> | undefined;
  /** Inline bytes that count against the credit of its path. */
  countedInline = 0;
  /** Where it was announced first, if it was moved to another path since: a path and a worker here, and its number. */
  origin:
    | { readonly path: number; readonly worker: number; readonly notifySeq: number }
    | undefined;
  /** See {@link Linked}: among those of its worker that are live. */
  previous: PulledTransfer | undefined;
  /** See {@link Linked}. */
  next: PulledTransfer | undefined;
  /** See {@link Linked}. */
  home: object | undefined;
  #progress: PullProgress | undefined;

  /** Takes what an announcement said; views are copied, an inline payload into `memory`. */
  constructor(path: number, worker: number, entry: NotifyEntry, memory: InlineMemory) {
    this.path = path;
    this.worker = worker;
    this.notifySeq = entry.notifySeq;
    copyId(this.announcerId, entry.transferId);
    const { streamId } = entry;
    const opens = sameId(streamId, entry.transferId);
    this.streamId = opens ? this.announcerId : id64(streamId.hi, streamId.lo);
    this.shape = entry.shape;
    this.priority = entry.priority;
    this.messageSeq = entry.messageSeq;
    this.totalBytes = entry.totalBytes;
    this.meta = entry.meta.length === 0 ? NOTHING : entry.meta.slice();
    const { flags, token } = entry;
    this.token = (flags & NotifyFlag.Token) === 0 ? undefined : id64(token.hi, token.lo);
    this.source = WireSource.of(entry, this.announcerId);
    const isInline = (flags & NotifyFlag.Inline) !== 0;
    this.inline = isInline
      ? memory.copy(entry.inline, entry.inlineAt, entry.inlineBytes)
      : undefined;
  }

  /** What it is among the entries of an engine's table. */
  get role(): "puller" {
    return "puller";
  }

  /** How far it came. To be asked for once it begins: an object of its own is made for it. */
  get progress(): PullProgress {
    this.#progress ??= new PullProgress();
    return this.#progress;
  }

  /** The same, or `undefined` where it did not begin. */
  get begun(): PullProgress | undefined {
    return this.#progress;
  }

  /** Pulls that are not fully answered, in order of their numbers. */
  get pulls(): readonly Pull[] {
    return this.#progress?.pulls ?? NO_PULLS;
  }

  /** Wire bytes; none where it rode inline. */
  get wireBytes(): number {
    return this.source.wireBytes;
  }

  /** Whether its bytes are being put together. */
  get isAssembling(): boolean {
    return this.state === "pulling" && this.#progress?.assembly !== undefined;
  }

  /** Whether bytes of it are still to be asked for, and may be. */
  get isWanting(): boolean {
    if (!this.isAssembling) return false;
    const { nextPull, isStalled } = this.progress;
    return nextPull < this.wireBytes && !isStalled;
  }

  /** Whether it has records that can be verified here. */
  get isSealed(): boolean {
    const { protection, dataKey } = this.source.seal;
    return protection === Protection.Record && dataKey !== undefined;
  }

  /** What may be acknowledged: never bytes that may have to be asked for again. */
  get acknowledgeable(): IntervalSet {
    const { received, verified } = this.progress;
    return this.isSealed ? verified : received;
  }

  /** How many bytes may be pulled now, as far as unused parts allow. */
  get pullRoom(): number {
    const { nextPull, placedUsed, placedWindow } = this.progress;
    return Math.min(this.wireBytes, placedUsed + placedWindow) - nextPull;
  }
}
