import type { Id64 } from "../wire/id64.js";
import type { PathId } from "./events.js";

/**
 * Where a transfer came to, of what nobody needs to know to use it. An announcer's: `transferAnnounced` when its announcement was on
 * the wire for the first time, `transferServing` when its bytes were asked for. A puller's: `transferPulling` when the application
 * wants its bytes, `transferReceiving` when the first of them came.
 */
export type TransferPhaseKind =
  | "transferAnnounced"
  | "transferServing"
  | "transferPulling"
  | "transferReceiving";

/** Tells that a transfer came to a phase; engines do where someone wants debug events of group `transfer`. spec/dcquic.md §6, §21 */
export interface TransferPhase {
  /** The phase. */
  readonly kind: TransferPhaseKind;
  /** The path. */
  readonly path: PathId;
  /** The transfer. */
  readonly transfer: Id64;
  /** When; the engine's time in µs. It may be told later. */
  readonly atUs: number;
}
