import { CodecId } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import { agreeWithHello, makeCaps } from "./handshake.js";
import {
  type Candidate,
  emptyHello,
  type HandshakeOutcome,
  type HandshakeSide,
  sendHandshake,
  unexpected,
} from "./handshake-steps.js";
import type { SessionCore } from "./session-core.js";
import { Feature, MsgType } from "./wire/constants.js";
import type { ReceivedFrame } from "./wire/frame-event.js";
import type { FrameHeader } from "./wire/header.js";
import { decodeHello, encodeHello, type Hello } from "./wire/hello.js";

const NO_BYTES = new Uint8Array(0);

/** The end that answers HELLO with CAPS. spec/xcp.md §6 */
export class ResponderHandshake implements HandshakeSide {
  readonly #core: SessionCore;
  readonly #nonce: Uint8Array | undefined;

  /** `nonce` is this end's `session_nonce`, where one is needed. */
  constructor(core: SessionCore, nonce: Uint8Array | undefined) {
    this.#core = core;
    this.#nonce = nonce;
  }

  // It waits for HELLO.
  start(): void {}

  receive(frame: ReceivedFrame): Candidate | undefined {
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
      return undefined;
    }
    core.controlCodec = codec === CodecId.PROTOBUF ? CodecId.PROTOBUF : CodecId.JSON;
    try {
      const hello =
        profile === "v0.1" ? emptyHello() : decodeHello(frame.payload, core.controlCodec);
      core.peerKnowsCodes = hello.features !== undefined;
      return {
        hello,
        payload: frame.payload,
        codec: core.controlCodec,
        header,
        agreement: agreeWithHello(core.config, profile, hello, frame.ver),
      };
    } catch (error) {
      if (!(error instanceof XcpError)) throw error;
      this.refuse(error, header);
      return undefined;
    }
  }

  accept(candidate: Candidate): HandshakeOutcome {
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
    const body = { codec: candidate.codec, payload };
    sendHandshake(core, MsgType.CAPS, body, candidate.header.msgId);
    return {
      agreement,
      peer: hello,
      facts: { profile, sharedMem: proof !== undefined, resumed },
      transcript: {
        initiatorNonce: hello.sessionNonce,
        responderNonce: caps.sessionNonce,
        helloPayload: candidate.payload,
        capsPayload: payload,
      },
    };
  }

  // The other end learns why before the connection closes.
  refuse(error: XcpError, header: FrameHeader): void {
    this.#core.sendNack(header, error);
    this.#core.failSilently(error);
  }

  // It holds nothing.
  dispose(): void {}

  #claimSession(hello: Hello): boolean {
    const { sessions, info } = this.#core.config;
    if (sessions === undefined || hello.sessionId === undefined) return false;
    const { memory, resumed } = sessions.claim(this.#core.nowUs, hello.sessionId, info.identity);
    this.#core.memory = memory;
    return resumed;
  }
}
