import { DeliveryMeter, type DeliveryStamp } from "#src/rate/delivery-meter.js";
import { SessionRate } from "#src/rate/session-rate.js";
import { TokenBucket } from "#src/rate/token-bucket.js";

interface Flying {
  readonly ackUs: number;
  readonly stamp: DeliveryStamp;
}

const UNIT = 65_536;

/** A session with endless data on a link of one queue, in virtual time. */
export class SimulatedPath {
  bytesPerSecond: number;
  rttUs: number;
  offeredBytesPerSecond: number = Number.POSITIVE_INFINITY;
  /** How often the sender's process gets its turn to hear acknowledgements. */
  turnUs = 0;
  largestFlight = 0;
  readonly rate = new SessionRate(0.3);
  readonly meter = new DeliveryMeter();
  readonly #bucket = new TokenBucket(0);
  readonly #flying: Flying[] = [];
  #nowUs = 0;
  #linkFreeUs = 0;
  #offered = 0;

  constructor(path: { bytesPerSecond: number; rttUs: number }) {
    this.bytesPerSecond = path.bytesPerSecond;
    this.rttUs = path.rttUs;
  }

  run(forUs: number, look: () => void = () => undefined): void {
    const endUs = this.#nowUs + forUs;
    for (; this.#nowUs < endUs; this.#nowUs += 500) {
      this.#offered = Math.min(10 * UNIT, this.#offered + this.offeredBytesPerSecond * 500e-6);
      if (this.turnUs === 0 || this.#nowUs % this.turnUs === 0) this.#acknowledge();
      this.#send();
      look();
    }
  }

  #send(): void {
    const cap = this.rate.inflightCap(UNIT, 4);
    const { pacingRate } = this.rate;
    this.#bucket.setRate(this.#nowUs, pacingRate, Math.max(2 * UNIT, pacingRate * 0.005));
    while (
      this.meter.inflightBytes + UNIT <= cap &&
      this.#bucket.nextFreeUs(this.#nowUs) <= this.#nowUs
    ) {
      if (this.#offered < UNIT) {
        this.meter.limitedByApplication();
        return;
      }
      this.#offered -= UNIT;
      this.#bucket.take(this.#nowUs, UNIT);
      const stamp = this.meter.sent(this.#nowUs, UNIT);
      const start = Math.max(this.#nowUs, this.#linkFreeUs);
      this.#linkFreeUs = start + (UNIT / this.bytesPerSecond) * 1e6;
      this.#flying.push({ ackUs: this.#linkFreeUs + this.rttUs, stamp });
    }
    // Startup may overshoot; what comes after it may not.
    if (this.rate.phase === "probeBandwidth") {
      this.largestFlight = Math.max(this.largestFlight, this.meter.inflightBytes);
    }
  }

  #acknowledge(): void {
    for (;;) {
      const first = this.#flying[0];
      if (first === undefined || first.ackUs > this.#nowUs) return;
      this.#flying.shift();
      const sample = this.meter.acknowledged(this.#nowUs, UNIT, first.stamp);
      this.rate.sample({
        ...sample,
        nowUs: this.#nowUs,
        rttUs: this.#nowUs - first.stamp.sentUs,
        inflightBytes: this.meter.inflightBytes,
      });
    }
  }
}
