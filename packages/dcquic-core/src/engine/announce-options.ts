import type { RegisteredBuffer } from "../buffer/buffer-registry.js";
import type { Id64 } from "../wire/id64.js";

/** An announced transfer that another one waits for. */
export interface After {
  /** Its token. */
  readonly token: Id64;
  /** One of {@link DependencyKind}. */
  readonly kind: number;
}

/** What is to be announced. */
export interface AnnounceOptions {
  /** Pattern and shape bits. spec/dcquic.md §17.4 */
  readonly shape: number;
  /** 0 to 7. */
  readonly priority: number;
  /** The stream; absent for the transfer that opens one, whose id becomes that of the stream. */
  readonly streamId?: Id64 | undefined;
  /** Number of the message in its direction. */
  readonly messageSeq: number;
  /** The bytes. They belong to the engine from now on; of a buffer it takes a reference of its own. */
  readonly payload: Uint8Array | RegisteredBuffer;
  /** For the acceptor, at most 1024 bytes. */
  readonly meta?: Uint8Array | undefined;
  /** Tracked transfers that must come first. */
  readonly after?: readonly After[] | undefined;
  /** When it is given up, with status DEADLINE, if it is not drained by then; engine time in µs. */
  readonly deadlineUs?: number | undefined;
  /** Whether a small payload may ride in the announcement; "auto" if absent. */
  readonly inline?: "auto" | "never" | undefined;
  /** Whether others may name this one in `after`. */
  readonly track?: boolean | undefined;
  /**
   * What the application says of its token with `settleToken`, because the transfer opens a stream: that the response is
   * complete, or that already the request was handed over. Failures of the transfer itself settle it all the same. D-20
   */
  readonly holdToken?: "response" | "request" | undefined;
}

/** How a held token is settled. spec/dcquic.md §5 */
export type TokenOutcome = "requestDone" | "complete" | "failed";

/** What became of a wish to announce. */
export type AnnounceResult =
  | {
      readonly kind: "announced";
      /** Own id of the transfer. */
      readonly transfer: Id64;
      /** For `after`, if it is tracked. */
      readonly token: Id64 | undefined;
    }
  /** A table is full: try again when a transfer ended. */
  | { readonly kind: "backPressured" }
  /** The peer takes no new work, or a dependency failed. */
  | {
      readonly kind: "refused";
      readonly status: number;
      /** Set where no engine ever saw it, so that it may be announced by another one. */
      readonly isUntaken?: true;
    };
