import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import type { Linked } from "../sched/linked-set.js";
import { NO_TIMER, type TimerId } from "../sched/timing-wheel.js";
import { type Id64, id64 } from "../wire/id64.js";
import { AnnouncedExtras, NO_EXTRAS } from "./announced-extras.js";
import { ServeProgress } from "./serve-progress.js";

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

const NOTHING = new Uint8Array(0);
const NO_ID = id64();

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

/**
 * A transfer at its announcer. Most ride in their announcement and are over with its answer: what only others need is in objects
 * of its own, which those have. spec/dcquic.md §20
 */
export class AnnouncedTransfer implements Linked<AnnouncedTransfer> {
  /** Own id. */
  readonly id: Id64 = id64();
  /** Id at the puller, once it is known and somebody has to be told: zero before. */
  pullerId: Id64 = NO_ID;
  /** The stream: the id of the transfer that opened it. */
  readonly streamId: Id64;
  /** Number of the path. */
  path: number;
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
  /** Its one timer: for the answer, then for RANGE_ACK. */
  timer: TimerId = NO_TIMER;
  /** Whether its payload may ride in the announcement. */
  readonly mayInline: boolean;
  /** See {@link Linked}: among those of its path that are unanswered. */
  previous: AnnouncedTransfer | undefined;
  /** See {@link Linked}. */
  next: AnnouncedTransfer | undefined;
  /** See {@link Linked}. */
  home: object | undefined;
  #progress: ServeProgress | undefined;
  #extras: AnnouncedExtras | undefined;

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

  /** How far it came. To be asked for where its bytes are pulled: an object of its own is made for it. */
  get progress(): ServeProgress {
    this.#progress ??= new ServeProgress();
    return this.#progress;
  }

  /** The same, or `undefined` where nothing was asked for. */
  get begun(): ServeProgress | undefined {
    return this.#progress;
  }

  /** What few have. */
  get extras(): Readonly<AnnouncedExtras> {
    return this.#extras ?? NO_EXTRAS;
  }

  /** The same, to be written to: an object of its own is made for it. */
  get ownExtras(): AnnouncedExtras {
    this.#extras ??= new AnnouncedExtras();
    return this.#extras;
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
