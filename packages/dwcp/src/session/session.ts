import { DwcpError } from "../errors.js";
import type { Frame } from "../wire/frame-reader.js";
import { FrameType } from "../wire/frame-type.js";
import type { MemoryMessage } from "../wire/memory-message.js";
import { FrameRouter } from "./frame-router.js";
import { IncomingTransfers } from "./incoming-transfers.js";
import { OutgoingTransfers } from "./outgoing-transfers.js";
import { type PathState, PathWatch } from "./path-watch.js";
import { Patience } from "./patience.js";
import { ReceivingSide } from "./receiving-side.js";
import { RetryBook } from "./retry-book.js";
import { SendingSide } from "./sending-side.js";
import type { MigrationMessage, SessionEvent, StoreMessage } from "./session-events.js";
import type { SessionOptions } from "./session-options.js";
import type { StreamState } from "./stream-state.js";
import { StreamTable } from "./stream-table.js";
import { asTransferError } from "./transfer-error.js";

/** What a PING carries: nothing is told by it but life. */
const PING_OPAQUE = "0000000000000000";

/**
 * The association of two nodes, without sockets and clocks: it survives its streams.
 *
 * From the network: `streamAttached`, `receive`, `streamGone`. To it: `transmit`, per stream. Of the application: what
 * `outgoing` and `incoming` offer, `say`, `goAway`, `close`. News: `nextEvent`. Time: `nextDeadlineUs`, `tick`.
 *
 * ```
 * established ─last stream gone─▶ lost ─stream attached─▶ established
 *                                 lost ─time to live over─▶ closed
 * ```
 *
 * @see spec/dwcp.md B3, B7
 */
export class Session {
  readonly options: SessionOptions;
  readonly streams: StreamTable;
  readonly sending: SendingSide;
  readonly receiving: ReceivingSide;
  readonly outgoing: OutgoingTransfers;
  readonly incoming: IncomingTransfers;
  readonly #router: FrameRouter;
  readonly #events: SessionEvent[] = [];
  readonly #retries: RetryBook;
  readonly #path = new PathWatch();
  readonly #patience: Patience;
  #lostAtUs: number | undefined;
  #hadStreams = false;
  #isClosed = false;

  constructor(nowUs: number, options: SessionOptions) {
    this.options = options;
    this.streams = new StreamTable(options);
    this.sending = new SendingSide(nowUs, options, this.streams);
    this.#patience = new Patience(options.tuning.stallUs, this.sending.rate);
    this.receiving = new ReceivingSide(options, this.streams);
    this.#retries = new RetryBook(() => 2 * this.#patience.stallUs);
    const tell = (event: SessionEvent): void => void this.#events.push(event);
    this.outgoing = new OutgoingTransfers({
      streams: this.streams,
      sending: this.sending,
      retries: this.#retries,
      tell,
    });
    const { streams, receiving } = this;
    this.incoming = new IncomingTransfers({ options, streams, receiving, tell });
    const { sending, outgoing, incoming } = this;
    this.#router = new FrameRouter({
      options,
      streams,
      sending,
      receiving,
      outgoing,
      incoming,
      tell,
      close: (error) => this.close(error),
      kill: (now, stream, error) => this.#kill(now, stream, error),
    });
    // Without streams yet: its time to live counts from now.
    this.#lostAtUs = nowUs;
  }

  /** Whether it is over. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether no stream is attached. */
  get isLost(): boolean {
    return this.#lostAtUs !== undefined;
  }

  /** What is known of the path: where it is silent, nothing is opened but tried, and once it is back, room is made first. */
  get path(): PathState {
    return this.#path.state;
  }

  /** A connection belongs to the session from now on. `answerUs` is what its opening waited for an answer, where it asked anything. */
  streamAttached(nowUs: number, index: number, answerUs?: number): void {
    if (answerUs !== undefined) this.sending.rate.expectRtt(answerUs);
    this.streams.attach(nowUs, index);
    this.#path.hear(nowUs);
    const wasLost = this.#lostAtUs !== undefined && this.#hadStreams;
    this.#lostAtUs = undefined;
    this.#hadStreams = true;
    if (!wasLost) return;
    this.sending.recovered(nowUs);
    this.#retries.askAll(nowUs);
    this.#events.push({ kind: "recovered" });
  }

  /** A connection is gone. Harmless the second time. */
  streamGone(nowUs: number, index: number): void {
    if (this.streams.detach(index) === undefined) return;
    this.sending.streamGone(nowUs, index);
    this.receiving.streamGone(nowUs, index);
    this.#retries.askAll(nowUs);
    if (this.streams.size > 0 || this.#isClosed) return;
    this.#lostAtUs = nowUs;
    this.#events.push({ kind: "lost" });
  }

  /** Takes a frame. What is wrong with it ends its stream, not the session. */
  receive(nowUs: number, index: number, frame: Frame): void {
    const stream = this.streams.get(index);
    if (stream === undefined || this.#isClosed) return;
    stream.hear(nowUs);
    this.#path.hear(nowUs);
    this.#route(nowUs, stream, frame);
  }

  /** Gives the parts of the next write of a stream; `unsentBytes` is what its socket still holds. */
  transmit(nowUs: number, index: number, unsentBytes: number): readonly Uint8Array[] | undefined {
    const stream = this.streams.get(index);
    if (stream === undefined) return undefined;
    const control = stream.takeControl();
    if (control !== undefined) return [control];
    if (unsentBytes >= this.sending.unitBytes) return undefined;
    if (!this.#path.admits(stream.silentSinceUs)) return undefined;
    return this.sending.transmit(nowUs, stream);
  }

  /** Takes the next news, or `undefined`. */
  nextEvent(): SessionEvent | undefined {
    return this.#events.shift();
  }

  /** When {@link Session.tick} has to be called at latest; Infinity while nothing is awaited. */
  get nextDeadlineUs(): number {
    if (this.#isClosed) return Number.POSITIVE_INFINITY;
    if (this.#lostAtUs !== undefined) return this.#expiryUs(this.#lostAtUs);
    const { blockedUntilUs, nextLossUs } = this.sending;
    let due = Math.min(
      blockedUntilUs,
      nextLossUs,
      this.receiving.nextDeadlineUs,
      this.#retries.nextDeadlineUs,
    );
    due = Math.min(due, this.#path.nextLookUs(this.streams.awaitedUs, this.#rttUs));
    const { stallUs } = this.#patience;
    for (const stream of this.streams.all) {
      due = Math.min(due, stream.nextLookUs(stallUs, this.options.tuning.keepaliveUs));
    }
    return due;
  }

  /** Does what is due. */
  tick(nowUs: number): void {
    if (this.#isClosed) return;
    if (this.#lostAtUs === undefined) {
      this.receiving.tick(nowUs);
      this.sending.tick(nowUs);
      for (const stream of this.streams.all) this.#look(nowUs, stream);
      this.#lookAtPath(nowUs);
      // Whoever does not answer may not be there: to be idle is no sign of life.
      if (this.#retries.tick(nowUs)) this.#askAll(nowUs, () => true);
    } else if (nowUs >= this.#expiryUs(this.#lostAtUs)) {
      this.close(new DwcpError("dwcp.session_lost", "no stream came back in time"));
    }
  }

  /** An announced unit was read from the peer's memory: `payload` is that of a CHUNK, as if it had come on that stream. */
  fetched(nowUs: number, index: number, handle: number, payload: Uint8Array): void {
    const stream = this.streams.get(index);
    if (stream === undefined || this.#isClosed) return;
    const payloadBytes = payload.length;
    const frame = { type: FrameType.CHUNK, flags: 0, handle, payload, payloadBytes };
    this.#route(nowUs, stream, frame);
  }

  /** An announced unit could not be read: it comes again, on a stream. */
  unfetched(index: number, handle: number, unitId: number): void {
    this.streams.say({ kind: "NACK", unitId, reason: "CRC" }, handle, index);
  }

  /** Says something about baselines, dictionaries, a migration or memory. */
  say(message: StoreMessage | MigrationMessage | MemoryMessage, handle = 0): void {
    this.streams.say(message, handle);
  }

  /** Gives up the stream that has been silent for the longest, so that another one has room. */
  makeRoom(nowUs: number): void {
    const [first, ...rest] = this.streams.all;
    if (first === undefined) return;
    const oldest = rest.reduce((a, b) => (b.silentSinceUs < a.silentSinceUs ? b : a), first);
    this.#kill(nowUs, oldest, new DwcpError("dwcp.timeout", "another stream needs its place"));
  }

  /** Takes no new transfers; running ones finish. */
  goAway(reason: string): void {
    const lastHandle = Math.max(0, ...[...this.receiving.transfers].map(({ handle }) => handle));
    this.streams.say({ kind: "GOAWAY", reason, lastHandle }, 0);
  }

  /** Ends the session; its outgoing transfers may go on in another one. */
  close(error?: DwcpError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.outgoing.abandon();
    this.#events.push({ kind: "closed", error });
  }

  #route(nowUs: number, stream: StreamState, frame: Frame): void {
    try {
      this.#router.take(nowUs, stream, frame);
    } catch (error) {
      this.#kill(nowUs, stream, asTransferError(error));
    }
  }

  // 0 before anything is measured: nothing is known then of how slow the path is.
  get #rttUs(): number {
    return this.sending.rate.smoothedRttUs;
  }

  #expiryUs(lostAtUs: number): number {
    return lostAtUs + this.options.identity.ttlMs * 1000;
  }

  #look(nowUs: number, stream: StreamState): void {
    // A receiver that gives no credit is slow, not gone; it answers a PING all the same.
    switch (stream.look(nowUs, this.#patience.stallUs, this.options.tuning.keepaliveUs)) {
      case "ping":
        this.#ping(stream);
        break;
      case "stalled":
        this.sending.streamStalled(stream);
        break;
      case "dead":
        this.#patience.gaveUp();
        this.#kill(nowUs, stream, new DwcpError("dwcp.timeout", "the stream is silent"));
        break;
      case "overdue":
        this.#kill(nowUs, stream, new DwcpError("dwcp.stream_limit", "the peer did not close it"));
        break;
      case "fine":
        break;
    }
  }

  #lookAtPath(nowUs: number): void {
    switch (this.#path.look(nowUs, this.streams.awaitedUs, this.#rttUs)) {
      case "ask":
        this.#askAll(nowUs, ({ awaits }) => awaits);
        break;
      case "silent":
        this.#events.push({ kind: "pathSilent" });
        break;
      case "replace":
        this.#replaceUnheard(nowUs);
        break;
      case "fine":
        break;
    }
  }

  // Their own retransmission may be as far away as the silence was long; another connection takes a few round trips.
  #replaceUnheard(nowUs: number): void {
    const sinceUs = nowUs - PathWatch.silenceUs(this.#rttUs);
    for (const stream of this.streams.all) {
      if (!stream.awaits && stream.phase !== "stalled") continue;
      if (stream.silentSinceUs > sinceUs || this.streams.size === 1) continue;
      this.#kill(nowUs, stream, new DwcpError("dwcp.timeout", "the path is back, the stream not"));
    }
    this.#events.push({ kind: "pathBack" });
  }

  #askAll(nowUs: number, where: (stream: StreamState) => boolean): void {
    for (const stream of this.streams.all) {
      if (where(stream) && stream.ask(nowUs)) this.#ping(stream);
    }
  }

  #ping(stream: StreamState): void {
    this.streams.say({ kind: "PING", opaque: PING_OPAQUE }, 0, stream.index);
  }

  #kill(nowUs: number, stream: StreamState, error: DwcpError): void {
    this.#events.push({ kind: "streamDied", streamIndex: stream.index, error });
    this.streamGone(nowUs, stream.index);
  }
}
