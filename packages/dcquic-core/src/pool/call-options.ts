import type { QueueLimits } from "../stream/inbound.js";
import type { Id64 } from "../wire/id64.js";
import type { BufferHandle } from "./buffer-handle.js";

/** Bytes that belong to the pool until they were sent, or a filled buffer, of which a call takes a reference. */
export type Payload = Uint8Array | BufferHandle;

/** An earlier call that must come first. spec/dcquic.md §5 */
export interface Dependency {
  /** Its token. */
  readonly token: Id64;
  /** Whether its request must be handed over, or its response be complete. */
  readonly wait: "request" | "response";
  /** Whether its failure fails this call. */
  readonly cascade: boolean;
}

/** How a payload too large to ride inline is protected. §8.1 */
export type PayloadProtection =
  /** Once, in a buffer, record by record. */
  | "record"
  /** By the packets that carry it. */
  | "packet";

/** What every call may say. */
export interface CallOptions {
  /** 0, the most urgent, to 7; 3 if absent. */
  readonly priority?: number;
  /** Whether later calls may name this one in `after`. */
  readonly track?: boolean;
  /** What must come first. */
  readonly after?: readonly Dependency[];
  /** An opaque block that arrives before the first message. An empty one is none. */
  readonly headers?: Uint8Array;
  /** For the acceptor, which sees it before any payload; at most 1024 bytes. */
  readonly meta?: Uint8Array;
  /** Milliseconds from now after which the call ends with `dcquic.deadline`. */
  readonly deadlineMs?: number;
  /** Ends the call with `dcquic.cancelled`. */
  readonly signal?: AbortSignal;
  /** `never` keeps small payloads out of announcements; `auto` if absent. */
  readonly inline?: "auto" | "never";
  /** That of the pool if absent. */
  readonly protection?: PayloadProtection;
  /** Whether messages are taken in the order in which they were sent; `true` if absent. */
  readonly ordered?: boolean;
  /** What each direction may have on the way; 64 messages or 4 MiB if absent. */
  readonly queue?: QueueLimits;
  /** Whether the call may be repeated when the peer lost its state, or did not answer and answers a new handshake. D-30 */
  readonly idempotent?: boolean;
  /** How often a call is repeated that was refused as overloaded, or that is idempotent; 4 if absent. */
  readonly maxRetries?: number;
}

/** How one message of many is sent. */
export interface WriteOptions {
  /** Whether it is the last of its direction. */
  readonly last?: boolean;
}
