import type { AnnouncedFacts } from "../transfer/announced-transfer.js";
import type { Id64 } from "../wire/id64.js";

/** An announced transfer that another one waits for. */
export interface After {
  /** Its token. */
  readonly token: Id64;
  /** One of {@link DependencyKind}. */
  readonly kind: number;
}

/** What is to be announced. */
export interface AnnounceOptions extends AnnouncedFacts {
  /** Tracked transfers that must come first. */
  readonly after?: readonly After[] | undefined;
  /** When it is given up, with status DEADLINE, if it is not drained by then; engine time in µs. */
  readonly deadlineUs?: number | undefined;
  /** Whether others may name this one in `after`. */
  readonly track?: boolean | undefined;
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
