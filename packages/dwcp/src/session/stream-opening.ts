import { formatHex } from "@proj/wire-types";
import { DwcpError, dwcpCodeOf } from "../errors.js";
import type { ControlMessage } from "../wire/control-message.js";
import { InitiatorHandshake, type HandshakeContext } from "./initiator-handshake.js";
import type { ResponderHandshake } from "./responder-handshake.js";
import type { Session } from "./session.js";
import type { SessionIdentity } from "./session-identity.js";
import type { SessionRegistry } from "./session-registry.js";
import { attachToken, NONCE_BYTES } from "./session-secrets.js";

/** What the opening of a connection leads to. */
export type OpeningResult =
  /** The connection belongs to `session` as this stream. */
  | { readonly kind: "joined"; readonly session: Session; readonly streamIndex: number }
  | { readonly kind: "open" };

/** Everything between the preface and the session of one connection. spec/dwcp.md B3 */
export interface StreamOpening {
  /** What is said first; nothing on the side that answers. */
  start(): readonly ControlMessage[];
  /** Notes the payload of a message that was sent. */
  sent(payload: Uint8Array): void;
  /**
   * Takes a message.
   *
   * @throws {@link DwcpError} when the connection cannot be used.
   */
  receive(
    message: ControlMessage,
    payload: Uint8Array,
    say: (message: ControlMessage) => void,
  ): OpeningResult;
}

const OPEN = { kind: "open" } as const;

/** Opens a session with the first connection. */
export class InitiateOpening implements StreamOpening {
  readonly #handshake: InitiatorHandshake;
  readonly #establish: (identity: SessionIdentity) => Session;

  /** `establish` makes the session once both sides are sure of each other. */
  constructor(context: HandshakeContext, establish: (identity: SessionIdentity) => Session) {
    this.#handshake = new InitiatorHandshake(context);
    this.#establish = establish;
  }

  start(): readonly ControlMessage[] {
    return [this.#handshake.hello()];
  }

  sent(payload: Uint8Array): void {
    this.#handshake.sent(payload);
  }

  receive(
    message: ControlMessage,
    payload: Uint8Array,
    say: (message: ControlMessage) => void,
  ): OpeningResult {
    throwIfError(message);
    const step = this.#handshake.receive(message, payload);
    if (step.kind === "send") {
      say(step.message);
      return OPEN;
    }
    return { kind: "joined", session: this.#establish(step.session), streamIndex: 0 };
  }
}

/** Brings a further connection into a session. */
export class AttachOpening implements StreamOpening {
  readonly #session: Session;
  readonly #streamIndex: number;
  readonly #context: HandshakeContext;

  constructor(context: HandshakeContext, session: Session, streamIndex: number) {
    this.#context = context;
    this.#session = session;
    this.#streamIndex = streamIndex;
  }

  start(): readonly ControlMessage[] {
    const { digests, random } = this.#context;
    const { identity } = this.#session.options;
    const nonce = random.fill(new Uint8Array(NONCE_BYTES));
    const token = attachToken(digests, identity.key, identity, this.#streamIndex, nonce);
    return [
      {
        kind: "ATTACH",
        sessionId: formatHex(identity.id),
        streamIndex: this.#streamIndex,
        nonce: formatHex(nonce),
        token: formatHex(token),
      },
    ];
  }

  sent(): void {
    // The token is all the proof there is.
  }

  receive(message: ControlMessage): OpeningResult {
    throwIfError(message);
    if (message.kind !== "ATTACHED" || message.streamIndex !== this.#streamIndex) {
      throw new DwcpError("dwcp.protocol", `${message.kind} in answer to ATTACH`);
    }
    return { kind: "joined", session: this.#session, streamIndex: this.#streamIndex };
  }
}

/** Answers a connection: a new session, or a further stream of one. */
export class AcceptOpening implements StreamOpening {
  readonly #registry: SessionRegistry;
  readonly #handshake: ResponderHandshake;
  readonly #establish: (identity: SessionIdentity) => Session;

  /** `establish` makes the session, and adds it to `registry`. */
  constructor(
    handshake: ResponderHandshake,
    registry: SessionRegistry,
    establish: (identity: SessionIdentity) => Session,
  ) {
    this.#handshake = handshake;
    this.#registry = registry;
    this.#establish = establish;
  }

  start(): readonly ControlMessage[] {
    return [];
  }

  sent(payload: Uint8Array): void {
    this.#handshake.sent(payload);
  }

  receive(
    message: ControlMessage,
    payload: Uint8Array,
    say: (message: ControlMessage) => void,
  ): OpeningResult {
    throwIfError(message);
    if (message.kind === "ATTACH") {
      const session = this.#registry.attach(message);
      say({ kind: "ATTACHED", streamIndex: message.streamIndex });
      return { kind: "joined", session, streamIndex: message.streamIndex };
    }
    const { send, session: identity } = this.#handshake.receive(message, payload);
    const session = identity === undefined ? undefined : this.#establish(identity);
    for (const each of send) say(each);
    return session === undefined ? OPEN : { kind: "joined", session, streamIndex: 0 };
  }
}

function throwIfError(message: ControlMessage): void {
  if (message.kind !== "ERROR") return;
  throw new DwcpError(dwcpCodeOf(message.code) ?? "dwcp.protocol", `the peer: ${message.text}`);
}
