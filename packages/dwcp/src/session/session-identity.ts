import type { Capabilities } from "../wire/session-messages.js";

/** What both sides know of an established session. */
export interface SessionIdentity {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** 16 bytes that differ after every start of the responder's process. */
  readonly epoch: Uint8Array;
  /** What further streams attach with. Never logged. */
  readonly key: Uint8Array;
  /** The name that the peer gave itself. */
  readonly peerNodeId: string;
  readonly capabilities: Capabilities;
  /** How long the session outlives its last stream, in milliseconds. */
  readonly ttlMs: number;
}
