import { unsentTarget } from "../../rate/stream-hint.js";
import { limitUnsent } from "./tune-socket.js";
import type { RmaCarrier } from "../rma/rma-carrier.js";
import type { DwcpError } from "../../errors.js";
import type { Session } from "../../session/session.js";
import type { MigrationMessage, SessionEvent, StoreMessage } from "../../session/session-events.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import type { ReceiveJob } from "../transfer/receive-job.js";
import type { SendJob } from "../transfer/send-job.js";
import type { StreamState } from "../../session/stream-state.js";
import type { SocketDriver } from "./socket-driver.js";
import { readStream, type StreamReading } from "./stream-reading.js";
import type { TrafficTally } from "./traffic-tally.js";

/** What a session's host needs of its node. */
export interface SessionOwner {
  readonly nowUs: () => number;
  /** Answers an offer: a job, or a refusal that was said already. */
  readonly take: (host: SessionHost, offer: OfferMessage) => Promise<ReceiveJob | undefined>;
  /** A stream is there where none was. */
  readonly opened: (host: SessionHost) => void;
  /** The peer speaks of baselines or dictionaries. */
  readonly hear: (host: SessionHost, message: StoreMessage) => void;
  /** The session is over; its jobs may go on in another one. */
  readonly over: (host: SessionHost, error: DwcpError | undefined) => void;
  /** Brings units past the streams, where both sides can. */
  readonly carrier: RmaCarrier | undefined;
  /** Streams came or went. */
  readonly streamsChanged: (host: SessionHost) => void;
  /** The peer needs streams of this session for others. */
  readonly crowded: (host: SessionHost) => void;
}

/** What a node does for all of its sessions. */
export type SessionService = Pick<SessionOwner, "take" | "opened" | "hear" | "carrier">;

/** Drives one session: its sockets, its timer, the jobs of its transfers. */
export class SessionHost {
  readonly session: Session;
  readonly #owner: SessionOwner;
  readonly #tally: TrafficTally;
  readonly #drivers = new Map<number, SocketDriver>();
  readonly #sending = new Map<string, SendJob>();
  readonly #receiving = new Map<number, ReceiveJob>();
  #timer: NodeJS.Timeout | undefined;
  #isQueued = false;
  #isOver = false;
  #turns = 0;
  #unsentBytes: number | undefined;

  constructor(session: Session, owner: SessionOwner, tally: TrafficTally) {
    this.session = session;
    this.#owner = owner;
    this.#tally = tally;
  }

  /** Jobs that send. */
  get sending(): readonly SendJob[] {
    return [...this.#sending.values()];
  }

  /** Its streams, for people to look at. */
  streamsOf(peer: string): readonly StreamReading[] {
    const place = { peer, node: this.session.options.identity.peerNodeId };
    return [...this.#drivers].flatMap(([index, { socket }]) => {
      const state = this.session.streams.get(index);
      return state === undefined ? [] : [readStream(place, state, socket)];
    });
  }

  /** A socket became one of the session's streams. */
  join(driver: SocketDriver, streamIndex: number): void {
    driver.streamIndex = streamIndex;
    const isFirst = this.#drivers.size === 0;
    if (this.#unsentBytes !== undefined) limitUnsent(driver.socket, this.#unsentBytes);
    this.#drivers.set(streamIndex, driver);
    this.#tally.openings.attached += 1;
    if (isFirst) {
      this.#owner.opened(this);
      this.#owner.carrier?.greet(this);
    }
    this.#owner.streamsChanged(this);
    this.stir();
  }

  /** A socket is gone. */
  leave(driver: SocketDriver): void {
    const index = driver.streamIndex;
    if (index === undefined || this.#drivers.get(index) !== driver) return;
    this.#drivers.delete(index);
    const { endedBy } = driver;
    const isAsked = endedBy === "peer" && driver.isUnwanted;
    if ((endedBy === "peer" || endedBy === "broken") && !isAsked) this.#tally.streamDied(endedBy);
    this.#owner.streamsChanged(this);
    this.stir();
  }

  /** Offers a job's object to the peer. */
  send(job: SendJob): void {
    this.#sending.set(job.transfer.offer.transferId, job);
    this.session.outgoing.offer(this.#owner.nowUs(), job.transfer);
    this.stir();
  }

  /** Takes a job off, because it is over or goes elsewhere. */
  forget(job: SendJob): void {
    this.#sending.delete(job.transfer.offer.transferId);
  }

  /** Looks after everything in the next turn: news, encoding, writing, the timer. */
  stir(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    setImmediate(() => {
      this.#isQueued = false;
      this.#turn();
    });
  }

  /** Closes `count` streams in order, the newest first. */
  drainStreams(count: number): void {
    for (const stream of this.#newest(count)) stream.phase = "closing";
    this.stir();
  }

  /** Asks the peer, who sends on them, to close `count` streams in order, the newest first. */
  askToDrain(nowUs: number, count: number): void {
    for (const { index } of this.#newest(count)) {
      const driver = this.#drivers.get(index);
      if (driver !== undefined) driver.isUnwanted = true;
      this.session.streams.askToLeave(nowUs, index);
    }
    this.stir();
  }

  /** Ends the session and its sockets. */
  close(error?: DwcpError): void {
    this.session.close(error);
    this.#turn();
  }

  #turn(): void {
    if (this.#isOver) return;
    const { session } = this;
    const nowUs = this.#owner.nowUs();
    if (session.nextDeadlineUs <= nowUs) session.tick(nowUs);
    for (let event = session.nextEvent(); event !== undefined; event = session.nextEvent()) {
      this.#obey(event);
    }
    if (this.#isOver) return;
    let encoded = false;
    for (const job of this.#sending.values()) encoded = job.encode(session.sending) || encoded;
    this.#limitUnsent();
    this.#pump();
    this.#closeDrained();
    this.#arm();
    if (encoded) this.stir();
  }

  // Of those that are not drained already.
  #newest(count: number): readonly StreamState[] {
    const active = [...this.session.streams.all].filter(({ takesUnits }) => takesUnits);
    return active.toSorted((a, b) => b.index - a.index).slice(0, count);
  }

  #limitUnsent(): void {
    const { rate } = this.session.sending;
    if (rate.bandwidth === 0) return;
    const wanted = unsentTarget(rate.bandwidth / Math.max(1, this.#drivers.size));
    if (wanted === this.#unsentBytes) return;
    this.#unsentBytes = wanted;
    for (const { socket } of this.#drivers.values()) limitUnsent(socket, wanted);
  }

  // Each turn another stream pulls first: what pace and flight leave is shared by all.
  #pump(): void {
    const drivers = [...this.#drivers.values()];
    const first = this.#turns++ % Math.max(1, drivers.length);
    for (const driver of drivers.slice(first)) driver.pump();
    for (const driver of drivers.slice(0, first)) driver.pump();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const dueUs = this.session.nextDeadlineUs;
    if (dueUs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(0, Math.ceil((dueUs - this.#owner.nowUs()) / 1000));
    this.#timer = setTimeout(() => this.#turn(), waitMs);
  }

  #closeDrained(): void {
    for (const [index, driver] of this.#drivers) {
      const stream = this.session.streams.get(index);
      const idle = stream?.phase === "closing" && stream.flyingBytes === 0;
      if (idle && stream.controlFrames === 0 && !driver.isUnwanted) driver.end();
    }
  }

  #obey(event: SessionEvent): void {
    switch (event.kind) {
      case "offered":
        void this.#take(event.offer);
        break;
      case "unitArrived":
      case "finished":
      case "leavesGiven":
        this.#receiving.get(event.handle)?.obey(event, this.#owner.nowUs);
        break;
      case "streamDied":
        this.#tally.streamDied(event.error.code);
        this.#end(event.streamIndex, event.error);
        break;
      case "pathSilent":
      case "pathBack":
        this.#owner.streamsChanged(this);
        break;
      case "closed":
        this.#over(event.error);
        break;
      case "streamUnwanted":
        this.#owner.crowded(this);
        break;
      case "recovered":
        this.#tally.resumes += 1;
        break;
      case "goingAway":
      case "lost":
        break;
      case "unitAnnounced":
        this.#owner.carrier?.fetch(this, event);
        break;
      case "memoryOpened":
        this.#owner.carrier?.hear(this, event.message);
        break;
      case "storeMessage":
        this.#owner.hear(this, event.message);
        break;
      case "migrationMessage":
        this.#migrate(event.message);
        break;
      default:
        this.#obeyTransfer(event);
    }
  }

  #end(streamIndex: number, { code }: DwcpError): void {
    const driver = this.#drivers.get(streamIndex);
    // What a silent one still holds would come late, and its end last.
    if (code === "dwcp.timeout") driver?.reset();
    else driver?.end();
  }

  // A round begins with an offer of its own; only the switch-over concerns one that is under way.
  #migrate({ kind, transferId }: MigrationMessage): void {
    if (kind !== "SWITCHOVER") return;
    for (const job of this.#receiving.values()) {
      if (job.transferId === transferId) job.switchOver();
    }
  }

  async #take(offer: OfferMessage): Promise<void> {
    const job = await this.#owner.take(this, offer);
    if (job === undefined || !this.#isOver) {
      if (job !== undefined) this.#receiving.set(job.handle, job);
      this.stir();
    } else await job.close();
  }

  #obeyTransfer(event: Extract<SessionEvent, { transferId: string }>): void {
    this.#sending.get(event.transferId)?.obey(this.session, event, this.#owner.nowUs);
    for (const [handle, job] of this.#receiving) {
      if (job.transferId !== event.transferId) continue;
      job.obey(event, this.#owner.nowUs);
      if (event.kind === "failed" || event.kind === "cancelled") this.#receiving.delete(handle);
    }
  }

  #over(error: DwcpError | undefined): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#tally.keep(this.session);
    this.#owner.carrier?.forget(this);
    for (const job of this.#receiving.values()) void job.close();
    this.#receiving.clear();
    for (const driver of this.#drivers.values()) driver.drop();
    this.#drivers.clear();
    this.#owner.over(this, error);
  }
}
