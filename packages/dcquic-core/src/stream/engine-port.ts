import type { RandomSource, Timers } from "@proj/wire-types";
import type { BufferRegistry } from "../buffer/buffer-registry.js";
import type { CryptoBackend } from "../crypto/backend.js";
import type { AnnounceOptions, AnnounceResult, TokenOutcome } from "../engine/announce-options.js";
import type { PathId } from "../engine/events.js";
import type { PlacedAccept } from "../engine/puller.js";
import type { CloseOptions } from "../engine/stream-closer.js";
import type { Id64 } from "../wire/id64.js";

/** What an engine's port is made of, besides the engine. */
export interface PortParts {
  /** Timers on the engine's time. */
  readonly timers: Timers;
  /** What seals records. */
  readonly crypto: CryptoBackend;
  /** Where data keys come from. */
  readonly random: RandomSource;
  /** log2 of a record's plain bytes; 16 if absent. */
  readonly recordLog2?: number | undefined;
}

/**
 * One engine as streams see it: commands go in here, events come back through the layer's `handle`.
 *
 * No command answers at once except through `done`, which may be called inside the call or later: the engine may run on
 * another thread.
 */
export interface EnginePort extends PortParts {
  /** The engine's time; µs. */
  readonly nowUs: number;
  /** The buffers whose references the engine counts. */
  readonly buffers: BufferRegistry;
  /** The smoothed round trip of a path, µs; Infinity where it is not known here. */
  roundTripUs(path: PathId): number;
  /** Announces a transfer. `done` is given `options` again, so that one function can serve all. */
  announce<O extends AnnounceOptions>(
    path: PathId,
    options: O,
    done: (result: AnnounceResult, options: O) => void,
  ): void;
  /** Begins to pull an offered transfer. With `placed` its records are told one by one instead of kept. */
  accept(transfer: Id64, placed?: PlacedAccept): void;
  /**
   * Notes that so many bytes of placed records were used, so that more may be pulled. `spare` is the memory of the record, if
   * nobody else holds it.
   */
  placed(transfer: Id64, bytes: number, spare?: Uint8Array): void;
  /** Ends an offered or running transfer from the peer. */
  reject(transfer: Id64): void;
  /** Notes that a delivered transfer was used. */
  consume(transfer: Id64): void;
  /** Ends an own transfer. */
  cancel(transfer: Id64): void;
  /** Closes a stream, or one direction of it. */
  close(path: PathId, options: CloseOptions): void;
  /** Settles a token that was announced with `holdToken`. */
  settleToken(token: Id64, outcome: TokenOutcome): void;
}
