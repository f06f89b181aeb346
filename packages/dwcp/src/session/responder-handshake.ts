import { formatHex, parseHex } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { ControlMessage } from "../wire/control-message.js";
import { PROTOCOL_MAJOR } from "../wire/preface.js";
import {
  type Capabilities,
  type HelloMessage,
  RANDOM_BYTES,
  SESSION_ID_BYTES,
  type WelcomeMessage,
} from "../wire/session-messages.js";
import { agreeCapabilities } from "./capabilities.js";
import { sameDigest } from "./digests.js";
import type { HandshakeContext } from "./initiator-handshake.js";
import { sessionSecret } from "./security.js";
import type { SessionIdentity } from "./session-identity.js";
import { pskProof, sessionKey } from "./session-secrets.js";

/** What a message leads to: things to send, in order, and the session once it stands. */
export interface ResponderStep {
  readonly send: readonly ControlMessage[];
  readonly session?: SessionIdentity;
}

/**
 * Opens a session from the side that is connected to; the counterpart of the initiator's handshake.
 *
 * @see spec/dwcp.md B3
 */
export class ResponderHandshake {
  readonly #context: HandshakeContext;
  readonly #epoch: Uint8Array;
  readonly #ttlMs: number;
  readonly #transcript: Uint8Array[] = [];
  readonly #serverRandom: Uint8Array;
  #hello: HelloMessage | undefined;
  #identity: SessionIdentity | undefined;

  /** `epoch` is this process's own, of 16 bytes. */
  constructor(context: HandshakeContext, epoch: Uint8Array, ttlMs: number) {
    this.#context = context;
    this.#epoch = epoch;
    this.#ttlMs = ttlMs;
    this.#serverRandom = context.random.fill(new Uint8Array(RANDOM_BYTES));
  }

  /** Notes the payload of a frame that was sent. */
  sent(payload: Uint8Array): void {
    this.#transcript.push(payload);
  }

  /**
   * Takes a message with its payload.
   *
   * @throws {@link DwcpError} `dwcp.protocol`, `dwcp.version`, `dwcp.unsupported`, `dwcp.auth_failed`.
   */
  receive(message: ControlMessage, payload: Uint8Array): ResponderStep {
    if (message.kind === "HELLO" && this.#hello === undefined) {
      this.#transcript.push(payload.slice());
      this.#hello = message;
      return this.#welcome(message);
    }
    if (message.kind === "AUTH" && this.#identity !== undefined) {
      return this.#prove(this.#identity, message.proof, payload);
    }
    throw new DwcpError("dwcp.protocol", `${message.kind} in the middle of a handshake`);
  }

  #welcome(hello: HelloMessage): ResponderStep {
    const { nodeId, capabilities, security, connection, random } = this.#context;
    if (hello.versions.min > PROTOCOL_MAJOR || hello.versions.max < PROTOCOL_MAJOR) {
      const { min, max } = hello.versions;
      throw new DwcpError("dwcp.version", `the peer speaks versions ${min} to ${max}`);
    }
    const agreed = agreeCapabilities(capabilities, hello.capabilities);
    if (security.mode === "mtls" && !connection.peerAuthenticated) {
      throw new DwcpError("dwcp.auth_failed", "the peer showed no certificate that counts");
    }
    const id = random.fill(new Uint8Array(SESSION_ID_BYTES));
    this.#identity = this.#identify(hello, id, agreed);
    const welcome: WelcomeMessage = {
      kind: "WELCOME",
      version: PROTOCOL_MAJOR,
      sessionId: formatHex(id),
      serverEpoch: formatHex(this.#epoch),
      serverRandom: formatHex(this.#serverRandom),
      nodeId,
      capabilities: agreed,
      sessionTtlMs: this.#ttlMs,
      auth: security.mode,
    };
    if (security.mode === "psk") return { send: [welcome] };
    return { send: [welcome], session: this.#identity };
  }

  #prove(identity: SessionIdentity, proof: string, payload: Uint8Array): ResponderStep {
    const { security, digests } = this.#context;
    if (security.mode !== "psk") throw new DwcpError("dwcp.protocol", "AUTH was not asked for");
    const expected = pskProof(digests, security.key, "client", this.#transcript);
    if (!sameDigest(expected, parseHex(proof))) {
      throw new DwcpError("dwcp.auth_failed", "the peer does not know the pre-shared key");
    }
    // The answer covers AUTH too.
    this.#transcript.push(payload.slice());
    const answer = pskProof(digests, security.key, "server", this.#transcript);
    return {
      send: [{ kind: "AUTH_OK", proof: formatHex(answer) }],
      session: identity,
    };
  }

  #identify(hello: HelloMessage, id: Uint8Array, agreed: Capabilities): SessionIdentity {
    const { digests, security, connection } = this.#context;
    const secret = sessionSecret(security, connection);
    return {
      id,
      epoch: this.#epoch,
      key: sessionKey(digests, secret, parseHex(hello.clientRandom), this.#serverRandom),
      peerNodeId: hello.nodeId,
      capabilities: agreed,
      ttlMs: this.#ttlMs,
    };
  }
}
