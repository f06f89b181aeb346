import type { TensorShape } from "../region/tensor-shape.js";
import { FrameProgressState } from "../messages/generated/wire.js";
import { slotOf } from "../region/layout.js";
import { isGapless } from "../region/strides.js";
import type { ProgressMessage } from "./progress-message.js";

/** What became of a progress message. */
export type ProgressOutcome = "taken" | "regression" | "wrongEpoch" | "wrongSlot" | "unknownState";

interface Tracked {
  seq: number;
  filledBytes: number;
  state: FrameProgressState;
}

/** Follows the frames of one epoch while they are written, slot by slot. spec/tensor-pool.md §10 */
export class ProgressTracker {
  readonly #epoch: bigint;
  readonly #nslots: number;
  readonly #slots = new Map<number, Tracked>();

  /** Starts without knowing any frame. */
  constructor(epoch: bigint, nslots: number) {
    this.#epoch = epoch;
    this.#nslots = nslots;
  }

  /** Takes a message; whatever goes back is dropped. */
  take(message: ProgressMessage): ProgressOutcome {
    const { seq, filledBytes, state, headerIndex } = message;
    if (message.epoch !== this.#epoch) return "wrongEpoch";
    if (state === FrameProgressState.UNKNOWN) return "unknownState";
    const slot = slotOf(seq, this.#nslots);
    if (headerIndex !== undefined && headerIndex !== slot) return "wrongSlot";
    const known = this.#slots.get(slot);
    if (known === undefined || seq > known.seq) {
      this.#slots.set(slot, { seq, filledBytes, state });
      return "taken";
    }
    if (seq < known.seq || filledBytes < known.filledBytes || state < known.state) {
      return "regression";
    }
    known.filledBytes = filledBytes;
    known.state = state;
    return "taken";
  }

  /** How many bytes of a frame are written, as far as is known. */
  filledBytes(seq: number): number {
    const known = this.#slots.get(slotOf(seq, this.#nslots));
    return known?.seq === seq ? known.filledBytes : 0;
  }
}

/**
 * Tells whether the bytes before `filledBytes` may be read of a frame that looks like this and is not committed yet: its
 * elements lie without gaps, or its progress is counted in rows or columns. spec/tensor-pool.md §10
 */
export function mayReadPrefix(shape: TensorShape): boolean {
  return shape.progressUnit !== "none" || isGapless(shape);
}
