import type { Id64 } from "../wire/id64.js";
import type { EngineEvent, PathId } from "./events.js";

/**
 * The event that every message ends with. An instance of a class: of object literals whose like survived V8 makes later ones in the
 * old generation, with what they refer to.
 */
export class TransferDrained implements Extract<EngineEvent, { kind: "transferDrained" }> {
  /** Tells it from other events. */
  readonly kind = "transferDrained";
  /** Its path. */
  readonly path: PathId;
  /** The transfer. */
  readonly transfer: Id64;
  /** Whether no `transferAccepted` came before. */
  readonly isFirstWord: boolean;

  /** Says that the peer has all bytes of `transfer`. */
  constructor(path: PathId, transfer: Id64, isFirstWord: boolean) {
    this.path = path;
    this.transfer = transfer;
    this.isFirstWord = isFirstWord;
  }
}
