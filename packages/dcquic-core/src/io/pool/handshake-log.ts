import { asWireError } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import type { DcquicEvent, EventLevel } from "../../events/event-groups.js";
import type { HandshakeCounts } from "../../pool/pool-backend.js";

/** Who began a handshake: this side or the peer. */
export type HandshakeSide = "dialled" | "answered";

/**
 * Counts what becomes of handshakes, and tells of each.
 *
 * @see spec/dcquic.md §21
 */
export class HandshakeLog {
  readonly #counts: HandshakeCounts = { dialled: 0, dialsFailed: 0, answered: 0, answersFailed: 0 };
  readonly #tell: (event: DcquicEvent) => void;

  /** Tells `tell`. */
  constructor(tell: (event: DcquicEvent) => void) {
    this.#tell = tell;
  }

  /** What was counted. */
  get counts(): Readonly<HandshakeCounts> {
    return { ...this.#counts };
  }

  /** Notes one that made a path, whose home is `worker`. */
  succeeded(side: HandshakeSide, worker: number, peer: string): void {
    this.#counts[side] += 1;
    this.#emit(worker, "handshake.succeeded", "debug", { side, peer });
  }

  /** Notes one that did not, for whatever reason. */
  failed(side: HandshakeSide, worker: number, error: unknown): void {
    this.#counts[side === "dialled" ? "dialsFailed" : "answersFailed"] += 1;
    this.#emit(worker, "handshake.failed", "info", { side, code: asWireError(error).code });
  }

  #emit(worker: number, kind: string, level: EventLevel, details: DcquicEvent["details"]): void {
    this.#tell({ tUs: systemTime.nowUs(), worker, group: "handshake", level, kind, details });
  }
}
