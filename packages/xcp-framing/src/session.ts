import type { WireError } from "@proj/wire-types";
import { Clarifications } from "./clarifications.js";
import { XcpError } from "./errors.js";
import { FrameWriter } from "./frame-writer.js";
import { Lifecycle } from "./lifecycle.js";
import type { OutgoingMessage } from "./message.js";
import type { Negotiated } from "./negotiated.js";
import { OpenSession } from "./open-session.js";
import { prepareTransfer, requestTerms } from "./outgoing.js";
import { Pings } from "./pings.js";
import { Sender } from "./sender.js";
import type { SessionHooks, SubmitOptions } from "./session-commands.js";
import type { SessionConfig } from "./session-config.js";
import { SessionControls } from "./session-controls.js";
import { SessionCore } from "./session-core.js";
import { SessionEnding } from "./session-ending.js";
import type { SessionEvent } from "./session-events.js";
import type { HandshakeResult } from "./handshake-result.js";
import { SessionHandshake } from "./session-handshake.js";
import type { SessionMemory } from "./session-memory.js";
import { SessionOutput } from "./session-output.js";
import { asXcpError, SessionReading } from "./session-reading.js";
import { SessionReplies } from "./session-replies.js";
import { SessionTimers } from "./session-timers.js";
import { type ConnectionStats, sessionStats } from "./stats.js";
import type { Traffic } from "./traffic.js";
import type { Transfer } from "./transfer.js";

/**
 * One end of an XCP connection, without the connection: bytes and commands in, bytes and events out.
 *
 * See {@link Lifecycle} for its states. A driver calls `start` once, then
 * - `receive`, `receiveEnd`, `receiveClose` for what the transport says;
 * - `submit`, `pushBody`, `endBody`, `cancel`, those of `replies` and `controls`, `close` and `destroy` for what the
 *   application wants;
 * - `transmit` until `undefined`, or as long as the transport takes more;
 * - `nextEvent` until `undefined`, and again after `transmit`;
 * - `nextDeadlineUs`, and `tick` when it passed.
 *
 * Time is what the driver says in `nowUs`. Nothing a peer sends makes any of this throw; commands throw {@link XcpError}
 * when the session cannot do them.
 *
 * @see spec/xcp.md §6..§12
 */
export class Session {
  readonly #core: SessionCore;
  readonly #hooks: SessionHooks;
  readonly #reading: SessionReading;
  readonly #writer: FrameWriter;
  readonly #sender: Sender;
  readonly #handshake: SessionHandshake;
  readonly #pings: Pings;
  readonly #clarifications: Clarifications;
  readonly #life = new Lifecycle();
  readonly #ending: SessionEnding;
  readonly #output: SessionOutput;
  readonly #timers: SessionTimers;
  /** What the application does with messages of the peer. */
  readonly replies: SessionReplies;
  /** What the application says to the peer besides messages. */
  readonly controls: SessionControls;
  #machines: OpenSession | undefined;

  constructor(config: SessionConfig, nowUs: number, hooks: SessionHooks = {}) {
    this.#hooks = hooks;
    this.#core = new SessionCore(config, (error, how) => this.#ending.end(error, how));
    this.#core.nowUs = nowUs;
    this.#writer = new FrameWriter(config.platform);
    this.#sender = new Sender(this.#core, this.#writer);
    this.#pings = new Pings(this.#core);
    this.#clarifications = new Clarifications(config.limits.maxClarificationRounds);
    this.#handshake = new SessionHandshake(this.#core, nowUs, (result) => this.#open(result));
    const parts = {
      life: this.#life,
      writer: this.#writer,
      sender: this.#sender,
      pings: this.#pings,
      clarifications: this.#clarifications,
      handshake: this.#handshake,
      machines: () => this.#machines,
    };
    this.#ending = new SessionEnding(this.#core, parts);
    this.#reading = new SessionReading(this.#core, parts);
    this.#output = new SessionOutput(this.#core, { ...parts, reader: this.#reading.reader });
    this.#timers = new SessionTimers(this.#core, { ...parts, ending: this.#ending });
    this.replies = new SessionReplies(this.#core, { ...parts, ending: this.#ending });
    this.controls = new SessionControls(this.#core, parts);
  }

  /** What was agreed, once the session is open. */
  get negotiated(): Negotiated | undefined {
    return this.#core.negotiated;
  }

  /** Where the session is. */
  get phase(): "handshake" | "open" | "draining" | "closed" {
    return this.#life.kind;
  }

  /** Running totals. */
  get traffic(): Traffic {
    return this.#core.traffic;
  }

  /** Whether the driver should stop reading for now: the application or the peer does not keep up. */
  get wantsPause(): boolean {
    const { outbox, config } = this.#core;
    if (outbox.queuedBytes > config.limits.maxQueuedBytes) return true;
    if (this.#machines === undefined || !this.#machines.inbox.full) return false;
    return this.#sender.inflight === 0 && this.#clarifications.open === 0;
  }

  /** Bytes that wait to be sent. */
  get queuedBytes(): number {
    return this.#core.outbox.queuedBytes;
  }

  /** What outlives the connection, if the session has an id. */
  get memory(): SessionMemory {
    return this.#core.memory;
  }

  /** Begins: an initiator sends HELLO. */
  start(nowUs: number): void {
    this.#core.nowUs = nowUs;
    const { role, profile, info } = this.#core.config;
    this.#core.log.write("debug", "xcp.open", { role, secure: info.secure });
    if (role !== "initiator") return;
    const spoken = profile === "auto" ? "v0.2" : profile;
    this.#writer.profile = spoken;
    this.#handshake.start(spoken);
  }

  /** Takes bytes from the transport. Views of them may live on in messages, unless they are `lent` for the call. */
  receive(nowUs: number, bytes: Uint8Array, memory: "kept" | "lent" = "kept"): void {
    if (this.#life.kind === "closed") return;
    this.#core.nowUs = nowUs;
    this.#pings.keepalive.heard(nowUs);
    this.#core.traffic.received.bytes += bytes.length;
    this.#reading.take(bytes, memory);
    if (this.#life.kind === "open") this.#pings.sendQueued();
    if (nowUs >= this.#core.nextSampleUs) this.#core.sampleShares();
    this.#ending.checkDrained();
  }

  /** The peer sends no more. In the middle of a frame that is an error, otherwise what is under way is finished. */
  receiveEnd(nowUs: number): void {
    if (this.#life.kind === "closed") return;
    this.#core.nowUs = nowUs;
    this.#ending.peerEnded(this.#reading.reader.partial ? "inside a frame" : "between frames");
  }

  /** The transport is gone. */
  receiveClose(nowUs: number, error: WireError | undefined): void {
    this.#core.nowUs = nowUs;
    this.#ending.transportGone(error);
  }

  /** The driver's answer to `credentialPresented`. */
  authorize(nowUs: number, verdict: "allowed" | "refused"): void {
    if (this.#life.kind !== "handshake") return;
    this.#core.nowUs = nowUs;
    try {
      this.#handshake.authorize(verdict);
    } catch (error) {
      this.#core.fail(asXcpError(error));
    }
  }

  /**
   * Sends a message; events tell its outcome. A body that is not bytes is handed over with `pushBody` and `endBody`.
   *
   * @throws XcpError when the message does not fit what was agreed, or nothing new may be sent
   */
  submit(nowUs: number, message: OutgoingMessage, options: SubmitOptions): Transfer {
    this.#core.nowUs = nowUs;
    const negotiated = this.#life.requireOpen(this.#core.negotiated);
    if (this.#life.peerGoingAway) throw new XcpError("xcp.going_away", "the peer is going away");
    const terms = requestTerms(this.#core, options, this.#sender.maxPayload);
    const transfer = prepareTransfer(this.#core, negotiated, message, terms);
    this.#sender.submit(transfer, options.msgId);
    return transfer;
  }

  /** Hands over more of a streamed body; keep what is queued small: see `bodyWanted`. */
  pushBody(nowUs: number, transfer: Transfer, piece: Uint8Array): void {
    this.#core.nowUs = nowUs;
    this.#sender.pushBody(transfer, piece);
  }

  /** The streamed body is complete. */
  endBody(nowUs: number, transfer: Transfer): void {
    this.#core.nowUs = nowUs;
    this.#sender.endBody(transfer);
  }

  /** Gives a message of this end up: a chunk train under way is aborted, a late reply is dropped. */
  cancel(nowUs: number, transfer: Transfer, error: WireError): void {
    this.#core.nowUs = nowUs;
    this.#sender.cancel(transfer, error);
  }

  /** Stops taking and sending requests, and ends when what is under way is finished, or after the drain timeout. */
  close(nowUs: number, reason = 0): void {
    this.#core.nowUs = nowUs;
    if (this.#life.kind === "handshake") this.#ending.end(undefined, "silently");
    if (this.#life.kind !== "open") return;
    this.#ending.goAway(reason);
  }

  /** Ends at once; with an error the peer is told, if it understands. */
  destroy(nowUs: number, error: WireError | undefined): void {
    this.#core.nowUs = nowUs;
    this.#ending.end(error, "announced");
  }

  /**
   * The next bytes to write, or `undefined`. With the framing `messages` these are the parts of one frame.
   *
   * The buffers belong to the caller and are not touched again until they are `released`.
   */
  transmit(nowUs: number): Uint8Array[] | undefined {
    this.#core.nowUs = nowUs;
    const parts = this.#output.next();
    if (this.#core.outbox.empty) this.#ending.checkDrained();
    return parts;
  }

  /** The transport refers to what one `transmit` returned no more. Those that never say so lose nothing but speed. */
  released(parts: readonly Uint8Array[]): void {
    this.#writer.released(parts);
  }

  /** Whether `transmit` may give something now. */
  hasOutput(nowUs: number): boolean {
    return this.#output.ready(nowUs);
  }

  /** Whether `nextEvent` has something. */
  get hasEvents(): boolean {
    return !this.#core.events.empty;
  }

  /** The next piece of news, or `undefined`. */
  nextEvent(): SessionEvent | undefined {
    return this.#core.events.shift();
  }

  /** When `tick` may have something to do; `Infinity` = never. It may turn out that it has not. */
  nextDeadlineUs(): number {
    return this.#timers.dueUs;
  }

  /** Does what is due. */
  tick(nowUs: number): void {
    this.#core.nowUs = nowUs;
    this.#timers.tick();
  }

  /** A picture of what the session did and holds. */
  stats(nowUs: number): ConnectionStats {
    this.#core.nowUs = nowUs;
    this.#core.sampleShares();
    return sessionStats(this.#core, this.#sender, this.#machines);
  }

  /** Erases keys and gives back what the session holds; call it last. */
  dispose(nowUs: number): void {
    this.#core.nowUs = nowUs;
    if (!this.#isClosed) this.#ending.end(undefined, "silently");
    this.#sender.erase();
    this.#machines?.intake.erase();
    const { sessions, info } = this.#core.config;
    sessions?.release(nowUs, this.#core.memory, info.identity);
  }

  get #isClosed(): boolean {
    return this.#life.kind === "closed";
  }

  #open(result: HandshakeResult): void {
    this.#life.open();
    this.#machines = new OpenSession(
      this.#core,
      {
        sender: this.#sender,
        reader: this.#reading.reader,
        keepalive: this.#pings.keepalive,
        clarifications: this.#clarifications,
        hooks: this.#hooks,
        peerGoingAway: () => {
          if (this.#life.noteGoingAway() === "new") {
            this.#core.events.push({ kind: "peerGoingAway" });
          }
        },
      },
      result,
    );
  }
}
