import { XcpError } from "./errors.js";
import { type HandshakeResult, handshakeResult } from "./handshake-result.js";
import { type Candidate, type HandshakeSide, unexpected } from "./handshake-steps.js";
import { InitiatorHandshake } from "./initiator-handshake.js";
import { ResponderHandshake } from "./responder-handshake.js";
import type { SessionCore } from "./session-core.js";
import { Feature, type Profile } from "./wire/constants.js";
import type { ReceivedFrame } from "./wire/frame-event.js";

const NONCE_BYTES = 16;

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
  readonly #side: HandshakeSide;
  #candidate: Candidate | undefined;
  #done = false;

  constructor(core: SessionCore, nowUs: number, onDone: (result: HandshakeResult) => void) {
    this.#core = core;
    this.#onDone = onDone;
    this.#deadlineUs = nowUs + core.config.limits.helloTimeoutMs * 1000;
    const nonce = makeNonce(core);
    this.#side =
      core.config.role === "initiator"
        ? new InitiatorHandshake(core, nonce)
        : new ResponderHandshake(core, nonce);
  }

  /** When the peer must have answered. */
  get dueUs(): number {
    return this.#done ? Number.POSITIVE_INFINITY : this.#deadlineUs;
  }

  /** Initiator: queues HELLO. */
  start(profile: Profile): void {
    this.#side.start(profile);
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
    this.#side.dispose();
  }

  /**
   * Takes a frame that came before the session is open.
   *
   * @throws XcpError what ends the session
   */
  receive(frame: ReceivedFrame): void {
    if (this.#candidate !== undefined) throw unexpected(frame.header.msgType);
    this.#candidate = this.#side.receive(frame);
    if (this.#candidate === undefined) return;
    if (this.#core.config.authorizes) {
      this.#core.events.push({ kind: "credentialPresented", hello: this.#candidate.hello });
    } else this.authorize("allowed");
  }

  /** The driver judged the credential of the peer. */
  authorize(verdict: "allowed" | "refused"): void {
    const candidate = this.#candidate;
    if (candidate === undefined || this.#done) return;
    if (verdict === "refused") {
      this.#side.refuse(credentialRefused(candidate), candidate.header);
      return;
    }
    const { agreement, peer, facts, transcript } = this.#side.accept(candidate);
    this.#done = true;
    const { role } = this.#core.config;
    this.#onDone(handshakeResult(agreement, peer, { ...facts, role }, transcript));
  }
}

function credentialRefused({ hello }: Candidate): XcpError {
  return hello.auth === undefined
    ? new XcpError("xcp.auth_required", "the peer sent no credential")
    : new XcpError("xcp.auth_failed", "the peer's credential was refused");
}

// For the keys, and for the proof that memory is shared.
function makeNonce({ config }: SessionCore): Uint8Array | undefined {
  const needed = (config.features & Feature.AEAD) !== 0 || config.sharedMemory !== undefined;
  return needed ? config.platform.random.fill(new Uint8Array(NONCE_BYTES)) : undefined;
}
