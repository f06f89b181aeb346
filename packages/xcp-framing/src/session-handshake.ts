import { CodecId } from "@proj/wire-types";
import type { SharedMemoryProbe } from "./connection-options.js";
import { XcpError } from "./errors.js";
import { controlCodecOf } from "./control-codec.js";
import { type Agreement, agreeWithCaps, agreeWithHello, makeCaps, makeHello } from "./handshake.js";
import {
  type HandshakeFacts,
  type HandshakeResult,
  handshakeResult,
  type HandshakeTranscript,
} from "./handshake-result.js";
import { errorOfRefusal } from "./refusal.js";
import type { SessionCore } from "./session-core.js";
import { SessionMemory } from "./session-memory.js";
import { Feature, MsgType, type Profile } from "./wire/constants.js";
import { decodeNack } from "./wire/control.js";
import type { ReceivedFrame } from "./wire/frame-event.js";
import { type FrameHeader, NO_TAGS } from "./wire/header.js";
import { type ControlCodec, decodeHello, encodeHello, type Hello } from "./wire/hello.js";

const NONCE_BYTES = 16;
const HELLO_ID = 1;
const NO_BYTES = new Uint8Array(0);

interface Offer {
  readonly hello: Hello;
  readonly payload: Uint8Array;
  readonly codec: ControlCodec;
}

interface Candidate {
  readonly hello: Hello;
  readonly payload: Uint8Array;
  readonly codec: ControlCodec;
  readonly header: FrameHeader;
  readonly agreement: Agreement;
}

/**
 * The handshake of one session. spec/xcp.md §6
 *
 * ```
 * initiator: start → helloSent ──CAPS──→ (judging) → done
 *                      └─NACK ERR_CODEC_UNSUPPORTED: HELLO once more, in JSON
 * responder: awaitHello ──HELLO──→ (judging) ──send CAPS──→ done
 * ```
 *
 * `judging` waits for `authorize`. All of it must be over within the HELLO timeout.
 */
export class SessionHandshake {
  readonly #core: SessionCore;
  readonly #onDone: (result: HandshakeResult) => void;
  readonly #deadlineUs: number;
  #offer: Offer | undefined;
  #retries = 1;
  #probe: SharedMemoryProbe | undefined;
  #candidate: Candidate | undefined;
  readonly #nonce: Uint8Array | undefined;
  #done = false;

  constructor(core: SessionCore, nowUs: number, onDone: (result: HandshakeResult) => void) {
    this.#core = core;
    this.#onDone = onDone;
    this.#deadlineUs = nowUs + core.config.limits.helloTimeoutMs * 1000;
    const needsNonce =
      (core.config.features & Feature.AEAD) !== 0 || core.config.sharedMemory !== undefined;
    this.#nonce = needsNonce
      ? core.config.platform.random.fill(new Uint8Array(NONCE_BYTES))
      : undefined;
  }

  /** When the peer must have answered. */
  get dueUs(): number {
    return this.#done ? Number.POSITIVE_INFINITY : this.#deadlineUs;
  }

  /** Initiator: queues HELLO. */
  start(profile: Profile): void {
    this.#core.profile = profile;
    this.#sendHello(profile === "v0.2" ? CodecId.PROTOBUF : CodecId.JSON);
  }

  /** Ends the session when the deadline passed. */
  tick(nowUs: number): void {
    if (nowUs < this.dueUs) return;
    const waited = this.#core.config.limits.helloTimeoutMs;
    this.#core.failSilently(new XcpError("xcp.hello_timeout", `no handshake within ${waited} ms`));
  }

  /** Gives up what a handshake that never finished holds. */
  dispose(): void {
    this.#done = true;
    this.#disposeProbe();
  }

  /**
   * Takes a frame that came before the session is open.
   *
   * @throws XcpError what ends the session
   */
  receive(frame: ReceivedFrame): void {
    const header = frame.header;
    if (this.#candidate !== undefined) throw unexpected(header.msgType);
    if (this.#core.config.role === "responder") this.#receiveHello(frame);
    else if (header.msgType === MsgType.NACK) this.#receiveNack(frame);
    else if (isCaps(header)) this.#receiveCaps(frame);
    else throw unexpected(header.msgType);
  }

  /** The driver judged the credential of the peer. */
  authorize(verdict: "allowed" | "refused"): void {
    const candidate = this.#candidate;
    if (candidate === undefined || this.#done) return;
    if (verdict === "refused") {
      const missing = candidate.hello.auth === undefined;
      this.#refuse(
        missing
          ? new XcpError("xcp.auth_required", "the peer sent no credential")
          : new XcpError("xcp.auth_failed", "the peer's credential was refused"),
        candidate.header,
      );
    } else if (this.#core.config.role === "responder") this.#sendCaps(candidate);
    else this.#acceptCaps(candidate);
  }

  #sendHello(codec: ControlCodec): void {
    const core = this.#core;
    const profile = core.profile ?? "v0.2";
    if (profile === "v0.2") this.#probe ??= core.config.sharedMemory?.createProbe();
    const hello = makeHello(core.config, profile, {
      sessionNonce: this.#nonce,
      sessionId: core.memory.sessionId,
      shmProbe: this.#probe,
    });
    const payload = profile === "v0.1" ? NO_BYTES : encodeHello(hello, codec);
    this.#offer = { hello, payload, codec };
    this.#send(MsgType.HELLO, codec, payload, 0);
    core.log.write("debug", "xcp.handshake", { profile, codecs: hello.codecs.join(",") });
  }

  #receiveNack(frame: ReceivedFrame): void {
    const nack = decodeNack(frame.payload, controlCodecOf(frame.header));
    if (nack.msgId !== HELLO_ID) throw unexpected(MsgType.NACK);
    const error = errorOfRefusal(nack.errorCode, nack.detail, nack.retryAfterMs);
    const unreadable = error.code === "xcp.codec_unsupported";
    if (this.#retries === 0 || !(unreadable || error.retryable)) throw error;
    // A base code may also mean another refusal; repeating HELLO once in JSON then shows the same answer.
    this.#retries--;
    this.#sendHello(unreadable ? CodecId.JSON : (this.#offer?.codec ?? CodecId.JSON));
  }

  #receiveCaps(frame: ReceivedFrame): void {
    const core = this.#core;
    const offer = this.#offer;
    if (offer === undefined) throw unexpected(frame.header.msgType);
    const profile = core.profile ?? "v0.2";
    const codec = controlCodecOf(frame.header);
    const caps = profile === "v0.1" ? emptyHello() : decodeHello(frame.payload, codec);
    this.#candidate = {
      hello: caps,
      payload: frame.payload,
      codec,
      header: frame.header,
      agreement:
        profile === "v0.1"
          ? agreeWithHello(core.config, profile, caps, frame.ver)
          : agreeWithCaps(core.config, profile, offer.hello, caps, frame.ver),
    };
    this.#judge(this.#candidate);
  }

  #acceptCaps(candidate: Candidate): void {
    const offer = this.#offer;
    if (offer === undefined) return;
    const { hello: caps, agreement } = candidate;
    const core = this.#core;
    const proof = caps.shmProof;
    const sharedMem =
      caps.sharedMem &&
      proof !== undefined &&
      this.#probe?.verify(proof, offer.hello.sessionNonce) === true;
    this.#disposeProbe();
    const own = core.memory.sessionId;
    const resumed =
      own !== undefined &&
      caps.sessionId !== undefined &&
      caps.sessionId.every((byte, i) => byte === own[i]);
    // The peer does not hold the session any more: ids and windows begin anew on both sides.
    if (!resumed && core.memory.used) core.memory = new SessionMemory(own);
    this.#finish(
      agreement,
      caps,
      { profile: core.profile ?? "v0.2", sharedMem, resumed },
      {
        initiatorNonce: this.#nonce,
        responderNonce: caps.sessionNonce,
        helloPayload: offer.payload,
        capsPayload: candidate.payload,
      },
    );
  }

  #receiveHello(frame: ReceivedFrame): void {
    const core = this.#core;
    const { header } = frame;
    if (header.msgType !== MsgType.HELLO || header.inReplyTo !== 0) {
      throw unexpected(header.msgType);
    }
    const profile = core.profile ?? "v0.2";
    const codec = header.bodyCodec;
    if (profile !== "v0.1" && codec !== CodecId.JSON && codec !== CodecId.PROTOBUF) {
      core.controlCodec = CodecId.JSON;
      core.sendNack(header, new XcpError("xcp.codec_unsupported", `HELLO in codec ${codec}`));
      return;
    }
    core.controlCodec = codec === CodecId.PROTOBUF ? CodecId.PROTOBUF : CodecId.JSON;
    try {
      const hello =
        profile === "v0.1" ? emptyHello() : decodeHello(frame.payload, core.controlCodec);
      core.peerKnowsCodes = hello.features !== undefined;
      this.#candidate = {
        hello,
        payload: frame.payload,
        codec: core.controlCodec,
        header,
        agreement: agreeWithHello(core.config, profile, hello, frame.ver),
      };
    } catch (error) {
      if (!(error instanceof XcpError)) throw error;
      this.#refuse(error, header);
      return;
    }
    this.#judge(this.#candidate);
  }

  #judge(candidate: Candidate): void {
    if (this.#core.config.authorizes) {
      this.#core.events.push({ kind: "credentialPresented", hello: candidate.hello });
    } else this.authorize("allowed");
  }

  #sendCaps(candidate: Candidate): void {
    const core = this.#core;
    const { hello, agreement } = candidate;
    const profile = core.profile ?? "v0.2";
    const probe = hello.shmProbe;
    const proof =
      probe === undefined || !hello.sharedMem
        ? undefined
        : core.config.sharedMemory?.prove(probe, hello.sessionNonce);
    const resumed = this.#claimSession(hello);
    const crypt = (agreement.features & Feature.AEAD) !== 0;
    const caps = makeCaps(core.config, profile, agreement, hello, {
      sessionNonce: crypt ? this.#nonce : undefined,
      sessionId: resumed ? hello.sessionId : undefined,
      shmProof: proof,
    });
    const payload = profile === "v0.1" ? NO_BYTES : encodeHello(caps, candidate.codec);
    this.#send(MsgType.CAPS, candidate.codec, payload, candidate.header.msgId);
    this.#finish(
      agreement,
      hello,
      { profile, sharedMem: proof !== undefined, resumed },
      {
        initiatorNonce: hello.sessionNonce,
        responderNonce: caps.sessionNonce,
        helloPayload: candidate.payload,
        capsPayload: payload,
      },
    );
  }

  #claimSession(hello: Hello): boolean {
    const { sessions, info } = this.#core.config;
    if (sessions === undefined || hello.sessionId === undefined) return false;
    const { memory, resumed } = sessions.claim(this.#core.nowUs, hello.sessionId, info.identity);
    this.#core.memory = memory;
    return resumed;
  }

  #finish(
    agreement: Agreement,
    peer: Hello,
    facts: HandshakeFacts,
    transcript: HandshakeTranscript,
  ): void {
    this.#done = true;
    const { role } = this.#core.config;
    this.#onDone(handshakeResult(agreement, peer, { ...facts, role }, transcript));
  }

  // The other end learns why before the connection closes.
  #refuse(error: XcpError, header: FrameHeader): void {
    const core = this.#core;
    if (core.config.role === "initiator") {
      core.fail(error);
      return;
    }
    core.sendNack(header, error);
    core.failSilently(error);
  }

  #send(
    msgType: number,
    bodyCodec: ControlCodec,
    payload: Uint8Array,
    inReplyTo: FrameHeader["msgId"],
  ): void {
    this.#core.outbox.pushControl({
      header: {
        channelId: 0,
        msgType,
        bodyCodec,
        schemaKey: undefined,
        msgId: HELLO_ID,
        inReplyTo,
        tags: NO_TAGS,
      },
      payload,
    });
  }

  #disposeProbe(): void {
    this.#probe?.dispose();
    this.#probe = undefined;
  }
}

// A peer that follows the specification's own table answers with type 0x0000. §7
function isCaps(header: FrameHeader): boolean {
  if (header.msgType === MsgType.CAPS) return true;
  return header.msgType === MsgType.HELLO && header.inReplyTo === HELLO_ID;
}

function unexpected(msgType: number): XcpError {
  return new XcpError(
    "xcp.hello_expected",
    `message type 0x${msgType.toString(16).padStart(4, "0")} before the handshake is done`,
  );
}

function emptyHello(): Hello {
  return { codecs: [], accepts: [], emits: [], sharedMem: false, features: undefined };
}
