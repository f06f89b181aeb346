import { formatHex, parseHex, type RandomSource } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { ControlMessage } from "../wire/control-message.js";
import { PROTOCOL_MAJOR } from "../wire/preface.js";
import { type Capabilities, RANDOM_BYTES, type WelcomeMessage } from "../wire/session-messages.js";
import { isWithin } from "./capabilities.js";
import { type Digests, sameDigest } from "./digests.js";
import { type ConnectionSecurity, type SessionSecurity, sessionSecret } from "./security.js";
import type { SessionIdentity } from "./session-identity.js";
import { pskProof, sessionKey } from "./session-secrets.js";

/** What a handshake needs to know of its own side. */
export interface HandshakeContext {
  readonly nodeId: string;
  readonly capabilities: Capabilities;
  readonly security: SessionSecurity;
  readonly connection: ConnectionSecurity;
  readonly digests: Digests;
  readonly random: RandomSource;
}

/** What a step of a handshake leads to. */
export type HandshakeStep =
  | { readonly kind: "send"; readonly message: ControlMessage }
  | { readonly kind: "established"; readonly session: SessionIdentity };

/**
 * Opens a session from the side that connects.
 *
 * ```
 * HELLO ─▶ awaitWelcome ─WELCOME─▶ established                    none, mutual TLS
 *                        └WELCOME─▶ AUTH ─▶ awaitProof ─AUTH_OK─▶ established     pre-shared key
 * ```
 *
 * Its owner gives it the payload of every frame it sends and receives: proofs cover all of them.
 *
 * @see spec/dwcp.md B3
 */
export class InitiatorHandshake {
  readonly #context: HandshakeContext;
  readonly #clientRandom: Uint8Array;
  readonly #transcript: Uint8Array[] = [];
  #welcome: WelcomeMessage | undefined;

  constructor(context: HandshakeContext) {
    this.#context = context;
    this.#clientRandom = context.random.fill(new Uint8Array(RANDOM_BYTES));
  }

  /** The first message. */
  hello(): ControlMessage {
    const { nodeId, capabilities } = this.#context;
    return {
      kind: "HELLO",
      versions: { min: PROTOCOL_MAJOR, max: PROTOCOL_MAJOR },
      nodeId,
      clientRandom: formatHex(this.#clientRandom),
      capabilities,
    };
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
  receive(message: ControlMessage, payload: Uint8Array): HandshakeStep {
    if (message.kind === "WELCOME" && this.#welcome === undefined) {
      this.#transcript.push(payload.slice());
      this.#welcome = message;
      return this.#welcomed(message);
    }
    if (message.kind === "AUTH_OK" && this.#welcome !== undefined) {
      return this.#proved(this.#welcome, message.proof);
    }
    throw new DwcpError("dwcp.protocol", `${message.kind} in the middle of a handshake`);
  }

  #welcomed(welcome: WelcomeMessage): HandshakeStep {
    const { security, capabilities, digests, connection } = this.#context;
    if (welcome.version !== PROTOCOL_MAJOR) {
      throw new DwcpError("dwcp.version", `the peer chose version ${welcome.version}`);
    }
    if (!isWithin(capabilities, welcome.capabilities)) {
      throw new DwcpError("dwcp.protocol", "the peer agreed to more than was proposed");
    }
    // A side that wants proof does not accept a peer that offers none.
    if (welcome.auth !== security.mode) {
      throw new DwcpError(
        "dwcp.auth_failed",
        `the peer authenticates by ${welcome.auth}, this side by ${security.mode}`,
      );
    }
    if (security.mode === "mtls" && !connection.peerAuthenticated) {
      throw new DwcpError("dwcp.auth_failed", "the peer showed no certificate that counts");
    }
    if (security.mode !== "psk") return this.#established(welcome);
    const proof = pskProof(digests, security.key, "client", this.#transcript);
    return { kind: "send", message: { kind: "AUTH", proof: formatHex(proof) } };
  }

  #proved(welcome: WelcomeMessage, proof: string): HandshakeStep {
    const { security, digests } = this.#context;
    if (security.mode !== "psk") throw new DwcpError("dwcp.protocol", "AUTH_OK without AUTH");
    const expected = pskProof(digests, security.key, "server", this.#transcript);
    if (!sameDigest(expected, parseHex(proof))) {
      throw new DwcpError("dwcp.auth_failed", "the peer does not know the pre-shared key");
    }
    return this.#established(welcome);
  }

  #established(welcome: WelcomeMessage): HandshakeStep {
    const { digests, security, connection } = this.#context;
    const key = sessionKey(
      digests,
      sessionSecret(security, connection),
      this.#clientRandom,
      parseHex(welcome.serverRandom),
    );
    const session: SessionIdentity = {
      id: parseHex(welcome.sessionId),
      epoch: parseHex(welcome.serverEpoch),
      key,
      peerNodeId: welcome.nodeId,
      capabilities: welcome.capabilities,
      ttlMs: welcome.sessionTtlMs,
    };
    return { kind: "established", session };
  }
}
