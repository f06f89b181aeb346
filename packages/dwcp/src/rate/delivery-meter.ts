/** What was known when a unit was sent; its acknowledgement gives it back. */
export interface DeliveryStamp {
  readonly sentUs: number;
  /** Bytes that were delivered then. */
  readonly deliveredBytes: number;
  /** When the last of them were. */
  readonly deliveredUs: number;
  /** When the first unit of the flight was sent that this one ends. */
  readonly firstSentUs: number;
  /** Whether there was less to send than could have been sent. */
  readonly appLimited: boolean;
  /** Whether nothing else was in flight. */
  readonly alone: boolean;
}

/** What one acknowledged unit says about the path. */
export interface DeliverySample {
  /** Bytes per second; 0 where the times are too short to tell. */
  readonly deliveryRate: number;
  readonly appLimited: boolean;
  /** Whether a round trip ended: what was sent after the last one began is acknowledged. */
  readonly roundEnded: boolean;
  /** Whether nothing else was in flight when the unit was sent: it waited for nothing on its way. */
  readonly alone: boolean;
}

/**
 * Measures how fast units arrive: bytes delivered between the sending of a unit and its acknowledgement, over the longer of
 * the time that sending and that acknowledging took.
 *
 * @see spec/dwcp.md B13
 */
export class DeliveryMeter {
  #deliveredBytes = 0;
  #deliveredUs = 0;
  #firstSentUs = 0;
  #inflightBytes = 0;
  #roundAt = 0;
  #limitedUntil = 0;

  /** Encoded bytes that were sent and neither acknowledged nor given up. */
  get inflightBytes(): number {
    return this.#inflightBytes;
  }

  /** Encoded bytes that were acknowledged. */
  get deliveredBytes(): number {
    return this.#deliveredBytes;
  }

  /** A unit is handed to a stream. */
  sent(nowUs: number, bytes: number): DeliveryStamp {
    const alone = this.#inflightBytes === 0;
    if (alone) {
      this.#firstSentUs = nowUs;
      this.#deliveredUs = nowUs;
    }
    this.#inflightBytes += bytes;
    return {
      sentUs: nowUs,
      deliveredBytes: this.#deliveredBytes,
      deliveredUs: this.#deliveredUs,
      firstSentUs: this.#firstSentUs,
      appLimited: this.#deliveredBytes < this.#limitedUntil,
      alone,
    };
  }

  /** The application has nothing more to send at the moment: what is in flight tells nothing about the path's best. */
  limitedByApplication(): void {
    this.#limitedUntil = this.#deliveredBytes + Math.max(1, this.#inflightBytes);
  }

  /** A unit that was sent with `stamp` is acknowledged. */
  acknowledged(nowUs: number, bytes: number, stamp: DeliveryStamp): DeliverySample {
    this.#inflightBytes -= bytes;
    this.#deliveredBytes += bytes;
    this.#deliveredUs = nowUs;
    this.#firstSentUs = stamp.sentUs;
    const spanUs = Math.max(stamp.sentUs - stamp.firstSentUs, nowUs - stamp.deliveredUs);
    const roundEnded = stamp.deliveredBytes >= this.#roundAt;
    if (roundEnded) this.#roundAt = this.#deliveredBytes;
    const delivered = this.#deliveredBytes - stamp.deliveredBytes;
    return {
      deliveryRate: spanUs > 0 ? (delivered / spanUs) * 1e6 : 0,
      appLimited: stamp.appLimited,
      roundEnded,
      alone: stamp.alone,
    };
  }

  /** A unit went down with its stream, or was refused. */
  lost(bytes: number): void {
    this.#inflightBytes -= bytes;
  }
}
