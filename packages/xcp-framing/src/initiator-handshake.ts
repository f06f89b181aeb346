import { CodecId } from "@proj/wire-types";
import type { SharedMemoryProbe } from "./connection-options.js";
import { controlCodecOf } from "./control-codec.js";
import type { XcpError } from "./errors.js";
import { agreeWithCaps, agreeWithHello, makeHello } from "./handshake.js";
import {
  type Candidate,
  emptyHello,
  type HandshakeOutcome,
  type HandshakeSide,
  HELLO_ID,
  sendHandshake,
  unexpected,
} from "./handshake-steps.js";
import { errorOfRefusal } from "./refusal.js";
import type { SessionCore } from "./session-core.js";
import { SessionMemory } from "./session-memory.js";
import { MsgType, type Profile } from "./wire/constants.js";
import { decodeNack } from "./wire/control.js";
import type { ReceivedFrame } from "./wire/frame-event.js";
import type { FrameHeader } from "./wire/header.js";
import { type ControlCodec, decodeHello, encodeHello, type Hello } from "./wire/hello.js";

const NO_BYTES = new Uint8Array(0);

interface Offer {
  readonly hello: Hello;
  readonly payload: Uint8Array;
  readonly codec: ControlCodec;
}

/** The end that says HELLO. spec/xcp.md §6 */
export class InitiatorHandshake implements HandshakeSide {
  readonly #core: SessionCore;
  readonly #nonce: Uint8Array | undefined;
  #offer: Offer | undefined;
  #retries = 1;
  #probe: SharedMemoryProbe | undefined;

  /** `nonce` is this end's `session_nonce`, where one is needed. */
  constructor(core: SessionCore, nonce: Uint8Array | undefined) {
    this.#core = core;
    this.#nonce = nonce;
  }

  start(profile: Profile): void {
    this.#core.profile = profile;
    this.#sendHello(profile === "v0.2" ? CodecId.PROTOBUF : CodecId.JSON);
  }

  receive(frame: ReceivedFrame): Candidate | undefined {
    const { header } = frame;
    if (isCaps(header)) return this.#receiveCaps(frame);
    if (header.msgType !== MsgType.NACK) throw unexpected(header.msgType);
    this.#receiveNack(frame);
    return undefined;
  }

  accept(candidate: Candidate): HandshakeOutcome {
    const offer = this.#offer;
    if (offer === undefined) throw unexpected(candidate.header.msgType);
    const { hello: caps, agreement } = candidate;
    const core = this.#core;
    const proof = caps.shmProof;
    const sharedMem =
      caps.sharedMem &&
      proof !== undefined &&
      this.#probe?.verify(proof, offer.hello.sessionNonce) === true;
    this.dispose();
    const own = core.memory.sessionId;
    const resumed =
      own !== undefined &&
      caps.sessionId !== undefined &&
      caps.sessionId.every((byte, i) => byte === own[i]);
    // The peer does not hold the session any more: ids and windows begin anew on both sides.
    if (!resumed && core.memory.used) core.memory = new SessionMemory(own);
    return {
      agreement,
      peer: caps,
      facts: { profile: core.profile ?? "v0.2", sharedMem, resumed },
      transcript: {
        initiatorNonce: this.#nonce,
        responderNonce: caps.sessionNonce,
        helloPayload: offer.payload,
        capsPayload: candidate.payload,
      },
    };
  }

  refuse(error: XcpError): void {
    this.#core.fail(error);
  }

  dispose(): void {
    this.#probe?.dispose();
    this.#probe = undefined;
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
    sendHandshake(core, MsgType.HELLO, this.#offer, 0);
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

  #receiveCaps(frame: ReceivedFrame): Candidate {
    const core = this.#core;
    const offer = this.#offer;
    if (offer === undefined) throw unexpected(frame.header.msgType);
    const profile = core.profile ?? "v0.2";
    const codec = controlCodecOf(frame.header);
    const caps = profile === "v0.1" ? emptyHello() : decodeHello(frame.payload, codec);
    return {
      hello: caps,
      payload: frame.payload,
      codec,
      header: frame.header,
      agreement:
        profile === "v0.1"
          ? agreeWithHello(core.config, profile, caps, frame.ver)
          : agreeWithCaps(core.config, profile, offer.hello, caps, frame.ver),
    };
  }
}

// A peer that follows the specification's own table answers with type 0x0000. §7
function isCaps(header: FrameHeader): boolean {
  if (header.msgType === MsgType.CAPS) return true;
  return header.msgType === MsgType.HELLO && header.inReplyTo === HELLO_ID;
}
