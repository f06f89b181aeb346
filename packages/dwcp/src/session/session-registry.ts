import { formatHex, parseHex } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { AttachMessage } from "../wire/session-messages.js";
import { type Digests, sameDigest } from "./digests.js";
import type { Session } from "./session.js";
import { attachToken } from "./session-secrets.js";

interface Entry {
  readonly session: Session;
  readonly nonces: Set<string>;
}

/** How many connections may attach to one session, ever: every one leaves its nonce behind. */
const MAX_ATTACHES = 65_536;

/** How many sessions a node keeps. spec/dwcp.md B3 */
export interface RegistryLimits {
  readonly maxSessions: number;
  readonly maxSessionsPerPeer: number;
}

/**
 * The sessions that peers may attach further streams to.
 *
 * @see spec/dwcp.md B3
 */
export class SessionRegistry {
  readonly #digests: Digests;
  readonly #limits: RegistryLimits;
  readonly #admits: (session: Session) => boolean;
  readonly #entries = new Map<string, Entry>();

  /** `admits` says whether a session may have one more stream, beside all the others of the process. */
  constructor(
    digests: Digests,
    limits: RegistryLimits,
    admits: (session: Session) => boolean = () => true,
  ) {
    this.#digests = digests;
    this.#limits = limits;
    this.#admits = admits;
  }

  /** All sessions. */
  get sessions(): readonly Session[] {
    return [...this.#entries.values()].map(({ session }) => session);
  }

  /**
   * Takes a new session in. Where that is one too many, the peer's oldest session without streams makes room, whose process may
   * have been killed: it is returned, forgotten here, and has to be closed.
   *
   * @throws {@link DwcpError} `dwcp.limit` when there are too many, of this peer or in all, and none can make room.
   */
  add(session: Session): Session | undefined {
    const { peerNodeId } = session.options.identity;
    const ofPeer = this.sessions.filter((each) => each.options.identity.peerNodeId === peerNodeId);
    const { maxSessions, maxSessionsPerPeer } = this.#limits;
    const isFull = this.#entries.size >= maxSessions || ofPeer.length >= maxSessionsPerPeer;
    const oldest = isFull ? ofPeer.find(({ isLost }) => isLost) : undefined;
    if (oldest !== undefined) this.remove(oldest);
    else if (isFull) {
      throw new DwcpError(
        "dwcp.limit",
        `${ofPeer.length} sessions of ${peerNodeId}, ${this.#entries.size} in all`,
      );
    }
    this.#entries.set(formatHex(session.options.identity.id), { session, nonces: new Set() });
    return oldest;
  }

  /** Forgets a session that is over. */
  remove(session: Session): void {
    this.#entries.delete(formatHex(session.options.identity.id));
  }

  /**
   * Checks whether a connection may join a session, and finds it.
   *
   * @throws {@link DwcpError} `dwcp.unknown_session`; `dwcp.auth_failed` for a wrong token and a nonce that was used before;
   *   `dwcp.stream_limit` for too many streams, of the session or of the process, and an index that is in use.
   */
  attach(message: AttachMessage): Session {
    const entry = this.#entries.get(message.sessionId);
    if (entry === undefined || entry.session.isClosed) {
      throw new DwcpError("dwcp.unknown_session", "no such session, or not any more");
    }
    const { session, nonces } = entry;
    const { identity } = session.options;
    const nonce = parseHex(message.nonce);
    const token = attachToken(this.#digests, identity.key, identity, message.streamIndex, nonce);
    if (!sameDigest(token, parseHex(message.token)) || nonces.has(message.nonce)) {
      throw new DwcpError("dwcp.auth_failed", "the token of ATTACH does not count");
    }
    nonces.add(message.nonce);
    if (session.streams.size >= identity.capabilities.maxStreams || nonces.size > MAX_ATTACHES) {
      throw new DwcpError("dwcp.stream_limit", `${session.streams.size} streams are attached`);
    }
    if (session.streams.get(message.streamIndex) !== undefined) {
      throw new DwcpError("dwcp.stream_limit", `stream ${message.streamIndex} is attached already`);
    }
    if (!this.#admits(session)) {
      throw new DwcpError("dwcp.stream_limit", "other sessions need the streams of this process");
    }
    return session;
  }
}
