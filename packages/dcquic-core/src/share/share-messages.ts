import type { ErrorDetails } from "@proj/wire-types";
import type { Sealing } from "../buffer/registered-buffer.js";
import type { After } from "../engine/announce-options.js";
import type { DcquicCode } from "../errors.js";
import type { DcquicEvent } from "../events/event-groups.js";
import type { Role } from "../path/handshake.js";
import type { PayloadProtection } from "../pool/call-options.js";
import type { WorkerMeasure } from "../pool/pool-backend.js";
import type { RouterDependency } from "../router/request-router.js";
import type { QueueLimits } from "../stream/inbound.js";
import type { PatternName } from "../stream/pattern-rules.js";
import type { StreamOutcome } from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";

/** Both ends of a lane come from the same package; another number is another package. */
export const SHARE_VERSION = 2;

/** The way to a peer, as another thread has to know it. */
export interface SharedRoute {
  /** See `Route`. */
  readonly peer: string;
  /** See `Route`. */
  readonly identity: string;
  /** See `Route`. */
  readonly worker: number;
  /** See `Route`. */
  readonly credentialId: Uint8Array;
  /** See `Route`. */
  readonly role: Role;
}

/** An error, as it crosses. */
export interface SharedError {
  /** Its code. */
  readonly code: DcquicCode;
  /** For people. */
  readonly message: string;
  /** Numbers and names. */
  readonly details: ErrorDetails;
}

/** What a pool tells a thread that attaches. */
export interface Welcome {
  /** {@link SHARE_VERSION}. */
  readonly version: number;
  /** The own name of the pool. */
  readonly name: string;
  /** See `PoolBackend`. */
  readonly inlineMaxBytes: number;
  /** Bytes that buffers of all threads may take together. */
  readonly bufferLimitBytes: number;
  /** log2 of a record's plain bytes, where it was chosen. */
  readonly recordLog2: number | undefined;
  /** How payloads are protected that say nothing themselves. */
  readonly protection: PayloadProtection;
  /** How many workers it has. */
  readonly workers: number;
}

/** What a thread that uses a pool asks of the thread that has it. Streams it opens have odd numbers. */
export type ShareCommand =
  | { readonly kind: "attach"; readonly version: number }
  | { readonly kind: "detach" }
  | {
      readonly kind: "route";
      readonly request: number;
      readonly peer: string;
      readonly dependencies: readonly RouterDependency[] | undefined;
    }
  | {
      readonly kind: "watch";
      readonly request: number;
      readonly worker: number;
      readonly token: Id64;
      readonly wait: "request" | "response";
    }
  | { readonly kind: "measure"; readonly request: number }
  | OpenCommand
  | SendCommand
  | { readonly kind: "end" | "stop"; readonly stream: number }
  | { readonly kind: "release"; readonly stream: number; readonly message: number }
  | {
      readonly kind: "abort";
      readonly stream: number;
      readonly status: number;
      readonly reason: string;
    }
  | AcceptCommand
  | {
      readonly kind: "pull";
      readonly stream: number;
      /** Absent where the message goes to memory. */
      readonly windowBytes: number | undefined;
    }
  | { readonly kind: "placed"; readonly stream: number; readonly bytes: number }
  | {
      readonly kind: "allocate";
      readonly buffer: number;
      readonly bytes: number;
      readonly priority: number;
    }
  | { readonly kind: "fill"; readonly buffer: number; readonly sealing: Sealing }
  | { readonly kind: "drop"; readonly buffer: number }
  | { readonly kind: "serve" | "subscribe"; readonly isOn: boolean }
  | { readonly kind: "heard"; readonly events: number };

/** Opens a stream; its first message announces it. */
export interface OpenCommand {
  /** Which. */
  readonly kind: "open";
  /** Its number. */
  readonly stream: number;
  /** Whom it goes to. */
  readonly peer: string;
  /** The worker that the way to the peer was said to have. */
  readonly worker: number;
  /** See `OpenOptions`. */
  readonly pattern: PatternName;
  /** See `OpenOptions`. */
  readonly priority: number;
  /** See `OpenOptions`. */
  readonly ordered: boolean;
  /** See `OpenOptions`. */
  readonly queue: QueueLimits | undefined;
}

/** Sends a message of a stream. */
export interface SendCommand {
  /** Which. */
  readonly kind: "send";
  /** The stream. */
  readonly stream: number;
  /** Its bytes, or the number of a filled buffer. */
  readonly payload: Uint8Array | number;
  /** See `OutboundPayload`. */
  readonly isLast: boolean;
  /** See `OutboundPayload`. */
  readonly isHeaders: boolean;
  /** See `OutboundPayload`. */
  readonly meta: Uint8Array | undefined;
  /** See `OutboundPayload`. */
  readonly after: readonly After[] | undefined;
  /** See `OutboundPayload`. */
  readonly track: boolean | undefined;
}

/** Takes a stream that was offered. */
export interface AcceptCommand {
  /** Which. */
  readonly kind: "accept";
  /** The stream. */
  readonly stream: number;
  /** Whether only its header block is pulled before `pull`. */
  readonly isHeld: boolean;
  /** See `AcceptOptions`. */
  readonly ordered: boolean;
  /** See `AcceptOptions`. */
  readonly queue: QueueLimits | undefined;
}

/** What the thread that has a pool tells one that uses it. Streams it offers have even numbers. */
export type ShareNews =
  | { readonly kind: "attached"; readonly welcome: Welcome }
  | { readonly kind: "refused"; readonly error: SharedError }
  | { readonly kind: "routed"; readonly request: number; readonly route: SharedRoute }
  | { readonly kind: "failed"; readonly request: number; readonly error: SharedError }
  | { readonly kind: "watched"; readonly request: number; readonly how: "reached" | "failed" }
  | {
      readonly kind: "measured";
      readonly request: number;
      readonly measures: readonly WorkerMeasure[];
    }
  | {
      readonly kind: "opened";
      readonly stream: number;
      readonly id: Id64 | undefined;
      readonly token: Id64 | undefined;
    }
  | OfferedNews
  | { readonly kind: "sent"; readonly stream: number; readonly bytes: number }
  | {
      readonly kind: "headers";
      readonly stream: number;
      readonly block: Uint8Array;
      /** Whether it has a number of its own in its direction. */
      readonly isCounted: boolean;
    }
  | {
      readonly kind: "message";
      readonly stream: number;
      /** By which it is released. */
      readonly message: number;
      readonly seq: number;
      readonly bytes: Uint8Array;
      /** How many the direction has, where this is the last: then nobody waits for its release. */
      readonly count: number | undefined;
    }
  | { readonly kind: "ended"; readonly stream: number; readonly count: number }
  | { readonly kind: "stopped"; readonly stream: number }
  | { readonly kind: "closed"; readonly stream: number; readonly outcome: StreamOutcome }
  | {
      readonly kind: "progressed";
      readonly stream: number;
      readonly ackedBytes: number;
      readonly totalBytes: number;
    }
  | {
      readonly kind: "record";
      readonly stream: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: "allocated";
      readonly buffer: number;
      readonly regions: readonly Uint8Array[];
    }
  | { readonly kind: "events"; readonly events: readonly DcquicEvent[] };

/** A stream that a peer opened. */
export interface OfferedNews {
  /** Which. */
  readonly kind: "offered";
  /** Its number. */
  readonly stream: number;
  /** How its peer is reached. */
  readonly route: SharedRoute;
  /** See `Stream`. */
  readonly pattern: PatternName;
  /** See `Stream`. */
  readonly priority: number;
  /** See `Stream`. */
  readonly id: Id64 | undefined;
  /** See `IncomingStream`. */
  readonly meta: Uint8Array;
  /** See `IncomingStream`. */
  readonly token: Id64 | undefined;
  /** See `IncomingStream`. */
  readonly firstBytes: number;
}
