/**
 * The receiver's promise how many encoded bytes of a session it takes.
 *
 * The limit only rises: with every unit that was stored, by what it took.
 *
 * @see spec/dwcp.md B6
 */
export class CreditGrant {
  readonly #windowBytes: number;
  #consumed = 0;
  #announced: number;

  /** `windowBytes` is the most that may be under way. */
  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#announced = windowBytes;
  }

  /** How many encoded bytes the peer may have sent in all. */
  get limit(): number {
    return this.#consumed + this.#windowBytes;
  }

  /** Whether the peer should hear of the limit, because a quarter of the window opened since it last did. */
  get isDue(): boolean {
    return this.limit - this.#announced >= this.#windowBytes / 4;
  }

  /** A unit was stored. */
  consume(encodedBytes: number): void {
    this.#consumed += encodedBytes;
  }

  /** The limit went to the peer. */
  announce(): number {
    this.#announced = this.limit;
    return this.limit;
  }
}

/**
 * The sender's account of what the peer takes. Repeats cost nothing: a lost unit keeps the credit it had.
 *
 * @see spec/dwcp.md B6
 */
export class CreditAccount {
  #limit = 0;
  #spent = 0;

  /** Encoded bytes that may still be sent for the first time. */
  get available(): number {
    return Math.max(0, this.#limit - this.#spent);
  }

  /** The peer names a limit; a lower one than before is an old one. */
  raise(limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
  }

  /** A unit goes out for the first time. */
  spend(encodedBytes: number): void {
    this.#spent += encodedBytes;
  }

  /** A unit that was paid for will never be counted by the peer: something else takes its place. */
  refund(encodedBytes: number): void {
    this.#spent -= encodedBytes;
  }
}
