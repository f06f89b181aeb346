import { formatHex, type WireError } from "@proj/wire-types";
import type { Negotiated } from "./negotiated.js";
import { Outbox } from "./outbox.js";
import { Queue } from "./queue.js";
import { refusalOf } from "./refusal.js";
import type { SessionConfig } from "./session-config.js";
import type { SessionEvent } from "./session-events.js";
import { SessionLog } from "./session-log.js";
import { SessionMemory } from "./session-memory.js";
import { Traffic } from "./traffic.js";
import { Feature, MsgType, type Profile } from "./wire/constants.js";
import { encodeNack } from "./wire/control.js";
import { type FrameHeader, type MsgId, NO_TAGS, type Tag } from "./wire/header.js";
import type { ControlCodec } from "./wire/hello.js";

const SAMPLE_EVERY_US = 1_000_000;

/** A message that a control frame or a log record is about. */
export interface MessageRef {
  readonly channelId: number;
  readonly msgId: MsgId;
  /** Those of its header, where they are known: its trace is among them. */
  readonly tags: readonly Tag[];
}

/** How a control frame is addressed. */
export interface ControlAddress {
  readonly channelId?: number;
  readonly inReplyTo?: MsgId;
  /** Needs an id of its own because it is answered, or may be refused. */
  readonly numbered?: "numbered";
  /** Default: the codec of control bodies. */
  readonly bodyCodec?: number;
}

/**
 * What the machines of one session share: configuration, agreement, what is to be sent and what is to be told.
 */
export class SessionCore {
  readonly config: SessionConfig;
  readonly outbox: Outbox = new Outbox();
  readonly traffic: Traffic = new Traffic();
  readonly log: SessionLog;
  /** News, oldest first. */
  readonly events: Queue<SessionEvent> = new Queue();
  /** The time of the call that is being worked on. */
  nowUs = 0;
  /** When the JSON shares are brought up to date. */
  nextSampleUs = 0;
  memory: SessionMemory;
  profile: Profile | undefined;
  negotiated: Negotiated | undefined;
  /** Codec of control bodies. */
  controlCodec: ControlCodec = 8;
  /** Whether the peer sent `features`, so that it knows the codes of §9 beyond the base ones. */
  peerKnowsCodes = false;
  /** Highest id of a message that the peer sent. */
  lastReceivedId: MsgId = 0;
  readonly #fail: (error: WireError, how: "announced" | "silently") => void;

  constructor(
    config: SessionConfig,
    fail: (error: WireError, how: "announced" | "silently") => void,
  ) {
    this.config = config;
    this.#fail = fail;
    this.memory = config.session ?? new SessionMemory();
    const id = formatHex(config.platform.random.fill(new Uint8Array(4)));
    this.log = new SessionLog(config.telemetry.log, id, config.info);
  }

  /** Whether the peer speaks a profile without flags, chunks and unsolicited frames. spec/xcp.md §5 */
  get legacy(): boolean {
    return this.profile !== "v0.2";
  }

  /** Whether a bit of {@link Feature} is in force. */
  has(feature: number): boolean {
    return ((this.negotiated?.features ?? 0) & feature) !== 0;
  }

  /** Ends the session: something happened after which nothing can be trusted. The peer is told, if it understands. */
  fail(error: WireError): void {
    this.#fail(error, "announced");
  }

  /** Ends the session without a word, because the peer knows or cannot hear. */
  failSilently(error: WireError): void {
    this.#fail(error, "silently");
  }

  /** Queues a control frame and returns its id, 0 when it has none. Under encryption every frame has one. §12 */
  sendControl(msgType: number, payload: Uint8Array, address: ControlAddress = {}): number {
    const numbered = address.numbered !== undefined || this.negotiated?.crypt === true;
    const msgId = numbered ? this.memory.takeMsgId() : 0;
    const header: FrameHeader = {
      channelId: address.channelId ?? 0,
      msgType,
      bodyCodec: address.bodyCodec ?? this.controlCodec,
      schemaKey: undefined,
      msgId,
      inReplyTo: address.inReplyTo ?? 0,
      tags: NO_TAGS,
    };
    this.outbox.pushControl({ header, payload });
    return msgId;
  }

  /** Queues a NACK. Messages without an id cannot be refused. spec/xcp.md §10 */
  sendNack(about: MessageRef, error: WireError): void {
    if (about.msgId === 0) return;
    const refusal = refusalOf(error);
    const errorCode = this.peerKnowsCodes ? refusal.wire : refusal.base;
    const payload = encodeNack(
      {
        msgId: about.msgId,
        errorCode,
        retryAfterMs: refusal.retryAfterMs,
        detail: this.peerKnowsCodes ? refusal.detail : undefined,
      },
      this.controlCodec,
    );
    this.sendControl(MsgType.NACK, payload, {
      channelId: about.channelId,
      inReplyTo: about.msgId,
    });
    this.traffic.sent.countError(errorCode);
    const facts = { code: error.code, detail: refusal.detail };
    this.log.write("info", "xcp.nack_sent", facts, about);
  }

  /** Brings the JSON shares up to date, and raises the alarm of §15.4. Done once a second, not with every message. */
  sampleShares(): void {
    this.nextSampleUs = this.nowUs + SAMPLE_EVERY_US;
    for (const direction of ["sent", "received"] as const) {
      const traffic = this.traffic[direction];
      traffic.sample(this.nowUs);
      if (!traffic.share.alarm(this.nowUs)) continue;
      const share = traffic.share.share(this.nowUs);
      this.log.write("warn", "xcp.json_overuse", { direction, share });
    }
  }

  /** Whether the peer understands ERROR and GOAWAY, as far as is known. */
  get mayAnnounceEnd(): boolean {
    if (this.negotiated === undefined) return this.profile === undefined || !this.legacy;
    return !this.legacy && this.has(Feature.GOAWAY);
  }
}
