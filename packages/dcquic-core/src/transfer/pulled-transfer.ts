import type { RmaKey } from "../rma/rma-port.js";
import { IntervalSet } from "../buffer/interval-set.js";
import type { Linked } from "../sched/linked-set.js";
import { NO_TIMER, type TimerId } from "../sched/timing-wheel.js";
import { NotifyFlag, Protection } from "../wire/constants.js";
import type { InlineMemory } from "./inline-memory.js";
import type { RecordAssembly } from "./record-assembly.js";
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

// Most transfers ride in their announcement: what they do not use is not made.
const NOTHING = new Uint8Array(0);
const NO_KEYS: readonly RmaKey[] = [];
const NO_BUFFER = id64();
// Never written to: the first pull takes its place.
const NO_PULLS: Pull[] = [];

/** A transfer at its puller. */
export class PulledTransfer implements Linked<PulledTransfer> {
  /** Own id. */
  readonly id: Id64 = id64();
  /** Id at the announcer. */
  readonly announcerId: Id64 = id64();
  /** The stream: the id of the transfer that opened it. */
  readonly streamId: Id64;
  /** The buffer that pulls must name. */
  readonly bufferId: Id64;
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
  /** Wire bytes. */
  readonly wireBytes: number;
  /** Where the message begins in the announcer's buffer. */
  readonly wireOffset: number;
  /** How the bytes are protected. */
  readonly protection: number;
  /** log2 of the record size, or 0. */
  readonly recordLog2: number;
  /** What binds the records together. */
  readonly binding: Uint8Array;
  /** The data key, if one was announced. */
  readonly dataKey: Uint8Array | undefined;
  /** The message's number under the data key. */
  readonly messageNumber: number;
  /** For the acceptor. */
  readonly meta: Uint8Array;
  /** The announcer's causality token. */
  readonly token: Id64 | undefined;
  /** The payload, if it rode inline. */
  readonly inline: Uint8Array | undefined;
  /** What opens the announcer's buffer to reads, region by region; empty where nothing does. */
  readonly rmaKeys: readonly RmaKey[];
  /** Where it is. */
  state: PullerState = "held";
  /** Announcements that must be offered before: as names. */
  waitsFor: Set<string> | undefined;
  /** Where the wire bytes go, once it was accepted. */
  assembly: RecordAssembly | undefined;
  /** Inline bytes that count against the credit of its path. */
  countedInline = 0;
  /** Where it was announced first, if it was moved to another path since: a path and a worker here, and its number. */
  origin:
    | { readonly path: number; readonly worker: number; readonly notifySeq: number }
    | undefined;
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
  pulls: Pull[] = NO_PULLS;
  /** Its one timer. */
  timer: TimerId = NO_TIMER;
  /** When that fires, while it is set. */
  timerUs: number = Number.POSITIVE_INFINITY;
  /** Whether it waits in the queue of acknowledgements. */
  ackQueued = false;
  /** Whether any part of it was acknowledged: the announcer may have forgotten that. */
  wasAcknowledged = false;
  /** Nonce of the challenge. */
  nonce: Uint8Array | undefined;
  /** How often the challenge was sent. */
  challenges = 0;
  /** How often a record or the binding did not verify. */
  integrityFailures = 0;
  /** See {@link Linked}: among those of its worker that are live. */
  previous: PulledTransfer | undefined;
  /** See {@link Linked}. */
  next: PulledTransfer | undefined;
  /** See {@link Linked}. */
  home: object | undefined;
  #received: IntervalSet | undefined;
  #verified: IntervalSet | undefined;

  /** Takes what an announcement said; views are copied, an inline payload into `memory`. */
  constructor(path: number, worker: number, entry: NotifyEntry, memory: InlineMemory) {
    this.path = path;
    this.worker = worker;
    this.notifySeq = entry.notifySeq;
    copyId(this.announcerId, entry.transferId);
    const { bufferId, streamId } = entry;
    const opens = sameId(streamId, entry.transferId);
    this.streamId = opens ? this.announcerId : id64(streamId.hi, streamId.lo);
    this.shape = entry.shape;
    this.priority = entry.priority;
    this.messageSeq = entry.messageSeq;
    this.totalBytes = entry.totalBytes;
    const isInline = (entry.flags & NotifyFlag.Inline) !== 0;
    this.bufferId = isInline ? NO_BUFFER : id64(bufferId.hi, bufferId.lo);
    this.wireBytes = isInline ? 0 : entry.wireBytes;
    this.wireOffset = entry.wireOffset;
    this.protection = entry.protection;
    this.recordLog2 = entry.recordLog2;
    // Nothing is bound together that only packets protect; an array takes more than half of what all else here does.
    const isBound = !isInline && entry.protection !== Protection.Packet;
    this.binding = isBound ? entry.binding.slice() : NOTHING;
    this.dataKey = (entry.flags & NotifyFlag.DataKey) === 0 ? undefined : entry.dataKey.slice();
    this.messageNumber = entry.messageNumber;
    this.meta = entry.meta.length === 0 ? NOTHING : entry.meta.slice();
    const { flags, token } = entry;
    this.token = (flags & NotifyFlag.Token) === 0 ? undefined : id64(token.hi, token.lo);
    this.rmaKeys = (flags & NotifyFlag.Rma) === 0 ? NO_KEYS : keysOf(entry);
    this.inline = isInline
      ? memory.copy(entry.inline, entry.inlineAt, entry.inlineBytes)
      : undefined;
  }

  /** What it is among the entries of an engine's table. */
  get role(): "puller" {
    return "puller";
  }

  /** What arrived. */
  get received(): IntervalSet {
    this.#received ??= new IntervalSet();
    return this.#received;
  }

  /** What of it was verified as far as it can be: whole records, or parts as long as those. */
  get verified(): IntervalSet {
    this.#verified ??= new IntervalSet();
    return this.#verified;
  }

  /** Whether its parts are told one by one. */
  get isPlaced(): boolean {
    return this.placedWindow !== Number.POSITIVE_INFINITY;
  }

  /** Whether bytes of it are still to be asked for, and may be. */
  get isWanting(): boolean {
    if (this.state !== "pulling" || this.assembly === undefined) return false;
    return this.nextPull < this.wireBytes && !this.isStalled;
  }

  /** Whether it has records that can be verified here. */
  get isSealed(): boolean {
    return this.protection === Protection.Record && this.dataKey !== undefined;
  }

  /** What may be acknowledged: never bytes that may have to be asked for again. */
  get acknowledgeable(): IntervalSet {
    return this.isSealed ? this.verified : this.received;
  }

  /** How many bytes may be pulled now, as far as unused parts allow. */
  get pullRoom(): number {
    const left = this.wireBytes - this.nextPull;
    return Math.min(left, this.placedUsed + this.placedWindow - this.nextPull);
  }
}

function keysOf({ rma, rmaCount }: NotifyEntry): readonly RmaKey[] {
  return rma.slice(0, rmaCount).map(({ nic, provider, rkey, base }) => ({
    nic,
    provider,
    rkey: id64(rkey.hi, rkey.lo),
    base: id64(base.hi, base.lo),
  }));
}
