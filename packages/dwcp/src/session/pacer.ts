import type { DeliveryMeter } from "../rate/delivery-meter.js";
import type { SessionRate } from "../rate/session-rate.js";
import { storedUnitTarget, unitTarget } from "../rate/stream-hint.js";
import { TokenBucket } from "../rate/token-bucket.js";
import { CHUNK_OVERHEAD_BYTES } from "../wire/chunk-frame.js";
import type { SessionTuning } from "./session-options.js";
import type { StreamTable } from "./stream-table.js";

/** Units before anything is measured: what a fresh connection carries in two round trips. */
const FIRST_UNIT_BYTES = 32_768;
const BURST_SECONDS = 0.005;

/** What a pacer goes by. */
export interface PacerParts {
  readonly tuning: SessionTuning;
  readonly streams: Pick<StreamTable, "alive">;
  readonly rate: SessionRate;
  readonly meter: DeliveryMeter;
  /** Encoded bytes that a frame takes. */
  readonly mostEncodedBytes: number;
}

/** Holds all streams of a session together to the pace and the flight that were measured, or set. spec/dwcp.md B13 */
export class Pacer {
  readonly #parts: PacerParts;
  readonly #bucket: TokenBucket;

  constructor(nowUs: number, parts: PacerParts) {
    this.#parts = parts;
    this.#bucket = new TokenBucket(nowUs);
  }

  /** Encoded bytes that a unit should have. */
  get unitBytes(): number {
    const { tuning, streams, rate } = this.#parts;
    const { bandwidth, roundUs } = rate;
    if (bandwidth === 0) return Math.min(FIRST_UNIT_BYTES, tuning.chunkBytes);
    return unitTarget(bandwidth / Math.max(1, streams.alive), roundUs, tuning.chunkBytes);
  }

  /** Bytes that a unit should have that stores them as they are; the peer takes that many in a frame. */
  get storedUnitBytes(): number {
    const { streams, rate, mostEncodedBytes } = this.#parts;
    const wanted = storedUnitTarget(rate.bandwidth, streams.alive, this.unitBytes);
    return Math.min(mostEncodedBytes, wanted);
  }

  /** When a unit whose frame has `bytes` may go: `nowUs`, later, or Infinity while acknowledgements have to come first. */
  freeUs(nowUs: number, bytes: number): number {
    const { tuning, streams, rate, meter } = this.#parts;
    if (tuning.pacing === "measured") {
      // Encoders make what they can of the wish for a size.
      const unitBytes = this.unitBytes + CHUNK_OVERHEAD_BYTES;
      const cap = rate.inflightCap(unitBytes, streams.alive, bytes);
      if (meter.inflightBytes > 0 && meter.inflightBytes + bytes > cap) {
        return Number.POSITIVE_INFINITY;
      }
    }
    this.#setPace(nowUs, bytes);
    return this.#bucket.nextFreeUs(nowUs);
  }

  /** Accounts a unit that goes now. */
  take(nowUs: number, bytes: number): void {
    this.#bucket.take(nowUs, bytes);
  }

  // A rate that was measured while windows were widening is that of a round trip ago: what keeps them widening does not wait for it.
  #setPace(nowUs: number, bytes: number): void {
    const { tuning, rate, streams, meter } = this.#parts;
    const fresh = rate.freshBytes(this.unitBytes + CHUNK_OVERHEAD_BYTES, streams.alive);
    const isPaced = tuning.pacing === "measured" && meter.inflightBytes + bytes > fresh;
    const measured = isPaced ? rate.pacingRate : Number.POSITIVE_INFINITY;
    const pace = Math.min(measured, tuning.rateLimit);
    this.#bucket.setRate(nowUs, pace, Math.max(2 * this.unitBytes, pace * BURST_SECONDS));
  }
}
