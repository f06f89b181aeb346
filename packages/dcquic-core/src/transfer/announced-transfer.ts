import type { RmaKey } from "../rma/rma-port.js";
import { IntervalSet } from "../buffer/interval-set.js";
import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import type { Linked } from "../sched/linked-set.js";
import { NO_TIMER, type TimerId } from "../sched/timing-wheel.js";
import { type Id64, id64 } from "../wire/id64.js";

/**
 * Where an own transfer is. spec/dcquic.md §6
 *
 * ```
 * blocked ─dependencies met─▶ queued ─on the wire─▶ announced ─ACCEPT─▶ accepted ─pull─▶ serving ─RANGE_ACK─▶ drained
 * any ─▶ failed
 * ```
 */
export type AnnouncerState =
  | "blocked"
  | "queued"
  | "announced"
  | "accepted"
  | "serving"
  | "drained"
  | "failed";

/** Bytes that a puller asked for and that were not sent yet. */
export interface ServeJob {
  /** The pull. */
  readonly pullSeq: number;
  /** Where it goes on. */
  next: number;
  /** Where it ends. */
  readonly end: number;
}

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

// Most transfers name nothing, move never and ride in their announcement: what they do not use is not made.
const NOTHING = new Uint8Array(0);
const NO_FORMER: readonly FormerAnnouncement[] = [];
const NO_DEPENDENCIES: readonly NamedDependency[] = [];
const NO_KEYS: readonly RmaKey[] = [];
// Never written to: the first job takes its place.
const NO_JOBS: ServeJob[] = [];

/** What a transfer takes of what is announced. */
export interface AnnouncedFacts {
  /** Pattern and shape bits. spec/dcquic.md §17.4 */
  readonly shape: number;
  /** 0 to 7. */
  readonly priority: number;
  /** The stream; absent for the transfer that opens one, whose id becomes that of the stream. */
  readonly streamId?: Id64 | undefined;
  /** Number of the message in its direction. */
  readonly messageSeq: number;
  /** The bytes. They belong to the engine from now on; of a buffer it takes a reference of its own. */
  readonly payload: Uint8Array | RegisteredBuffer;
  /** For the acceptor, at most 1024 bytes. */
  readonly meta?: Uint8Array | undefined;
  /** Whether a small payload may ride in the announcement; "auto" if absent. */
  readonly inline?: "auto" | "never" | undefined;
  /**
   * What the application says of its token with `settleToken`, because the transfer opens a stream: that the response is
   * complete, or that already the request was handed over. Failures of the transfer itself settle it all the same. D-20
   */
  readonly holdToken?: "response" | "request" | undefined;
}

/** A transfer at its announcer. */
export class AnnouncedTransfer implements Linked<AnnouncedTransfer> {
  /** Own id. */
  readonly id: Id64 = id64();
  /** Id at the puller, once it is known. */
  readonly pullerId: Id64 = id64();
  /** The stream: the id of the transfer that opened it. */
  readonly streamId: Id64;
  /** Number of the path. */
  path: number;
  /** Where it was announced first, if it was moved to another path since. */
  origin: Origin | undefined;
  /** Its announcements on paths it was moved from: closed there when it is over. */
  former: readonly FormerAnnouncement[] = NO_FORMER;
  /** Pattern and shape bits. */
  readonly shape: number;
  /** The priority that was asked for: its place among own announcements. */
  readonly level: number;
  /** The priority that the peer is told, 0 to 7: a degraded one is asked for less. */
  priority: number;
  /** Number of the message in its direction. */
  readonly messageSeq: number;
  /** For the acceptor. */
  readonly meta: Uint8Array;
  /** The bytes: of the caller for small messages, or a buffer. */
  readonly payload: Uint8Array | RegisteredBuffer;
  /** Its causality token. */
  readonly token: Id64 | undefined;
  /** What a stream says of that token itself. */
  readonly holdToken: "response" | "request" | undefined;
  /** Earlier transfers of the same path that its announcement names, with the kind of dependency. */
  after: readonly NamedDependency[] = NO_DEPENDENCIES;
  /** Where it is. */
  state: AnnouncerState = "blocked";
  /** Number of its announcement; -1 before it was on the wire. */
  notifySeq = -1;
  /** Whether its payload rides in the announcement. */
  inline = false;
  /** When its announcement, and later its last byte, was last sent. */
  sentUs = 0;
  /** The packet that carried it. */
  sentInPacket = -1;
  /** When loss was last inferred, so that it is inferred once per round trip. */
  resentUs: number = Number.NEGATIVE_INFINITY;
  /** Whether it waits in a queue of resends. */
  resendQueued = false;
  /** Whether the answer is late, and the announcement was not sent again for that because nothing was heard of the peer. */
  isOverdue = false;
  /** Its one timer: for the answer, then for RANGE_ACK. */
  timer: TimerId = NO_TIMER;
  /** Timer of its deadline, if it has one. */
  deadlineTimer: TimerId = NO_TIMER;
  /** Whether its payload may ride in the announcement. */
  readonly mayInline: boolean;
  /** What opens its buffer to the peer's reads, region by region; empty where nothing does. */
  rmaKeys: readonly RmaKey[] = NO_KEYS;
  /** Whether its puller asked for bytes again: reads that it gave up may be under way still. */
  wasRepulled = false;
  /** What is to be sent. */
  jobs: ServeJob[] = NO_JOBS;
  /** Whether it waits in the queue of those who have something to send. */
  serveQueued = false;
  /** Whether the timer ran out and the next chunk is to ask for RANGE_ACK. */
  ackRequested = false;
  /** Whether its announcement is being taken back. */
  voiding = false;
  /** With what it fails once the peer accepted it: an inline announcement cannot be taken back. */
  cancelStatus: number | undefined;
  /** See {@link Linked}: among those of its path that are unanswered. */
  previous: AnnouncedTransfer | undefined;
  /** See {@link Linked}. */
  next: AnnouncedTransfer | undefined;
  /** See {@link Linked}. */
  home: object | undefined;
  #acked: IntervalSet | undefined;
  #sent: IntervalSet | undefined;

  /** Makes a transfer that is not announced yet. */
  constructor(path: number, options: AnnouncedFacts, token: Id64 | undefined) {
    this.path = path;
    this.shape = options.shape;
    this.level = options.priority;
    this.priority = options.priority;
    this.streamId = options.streamId ?? this.id;
    this.messageSeq = options.messageSeq;
    this.meta = options.meta ?? NOTHING;
    this.payload = options.payload;
    this.token = token;
    this.mayInline = options.inline !== "never";
    this.holdToken = options.holdToken;
  }

  /** What it is among the entries of an engine's table. */
  get role(): "announcer" {
    return "announcer";
  }

  /** What the puller has. */
  get acked(): IntervalSet {
    this.#acked ??= new IntervalSet();
    return this.#acked;
  }

  /** What was sent at least once. */
  get sent(): IntervalSet {
    this.#sent ??= new IntervalSet();
    return this.#sent;
  }

  /** Plain bytes of the message. */
  get totalBytes(): number {
    const { payload } = this;
    return payload instanceof Uint8Array ? payload.length : (payload.sealing?.totalBytes ?? 0);
  }

  /** Wire bytes of the message. */
  get wireBytes(): number {
    const { payload } = this;
    return payload instanceof Uint8Array ? payload.length : payload.bytes;
  }

  /** The id by which pulls must name the bytes: that of the buffer, or its own where the bytes belong to no buffer. */
  get bufferId(): Id64 {
    return this.payload instanceof Uint8Array ? this.id : this.payload.id;
  }

  /** Whether it will change no more. */
  get isOver(): boolean {
    return this.state === "drained" || this.state === "failed";
  }
}
