/** What takes part in a fair queue. */
export interface FairMember {
  /** Its share against the others', above 0. */
  readonly weight: number;
  /** Part of the bytes, 0 to 1, that it gets whatever the others weigh. */
  readonly minShare: number;
  /** Whether it has something to send. */
  readonly ready: boolean;
}

interface Seat<T> {
  readonly member: T;
  deficit: number;
}

const QUANTUM_BYTES = 65_536;
/** Nobody is shut out altogether. */
const MOST_SHARE = 0.99;

/**
 * Deficit round robin: over time each member that has something to send gets its share of the bytes.
 *
 * @see spec/dwcp.md B13
 */
export class FairQueue<T extends FairMember> {
  readonly #seats: Seat<T>[] = [];
  #turn = 0;

  /** How many members there are. */
  get size(): number {
    return this.#seats.length;
  }

  add(member: T): void {
    this.#seats.push({ member, deficit: 0 });
  }

  remove(member: T): void {
    const index = this.#seats.findIndex((seat) => seat.member === member);
    if (index < 0) return;
    this.#seats.splice(index, 1);
    if (this.#turn > index) this.#turn -= 1;
  }

  /** Chooses who sends next, or `undefined` when nobody has anything. */
  next(): T | undefined {
    if (!this.#seats.some((seat) => seat.member.ready)) return undefined;
    for (;;) {
      const seat = this.#seats[this.#turn % this.#seats.length];
      if (seat !== undefined && seat.member.ready && seat.deficit > 0) return seat.member;
      this.#turn = (this.#turn + 1) % this.#seats.length;
      const upcoming = this.#seats[this.#turn];
      if (upcoming === undefined) continue;
      // Who has nothing to send saves nothing for later.
      if (upcoming.member.ready)
        upcoming.deficit += QUANTUM_BYTES * this.#weightOf(upcoming.member);
      else upcoming.deficit = Math.min(0, upcoming.deficit);
    }
  }

  // A member that is guaranteed a share weighs as much as gives it that share against the others.
  #weightOf(member: T): number {
    const share = Math.min(member.minShare, MOST_SHARE);
    if (share <= 0) return member.weight;
    let others = 0;
    for (const seat of this.#seats) {
      if (seat.member !== member && seat.member.ready) others += seat.member.weight;
    }
    return Math.max(member.weight, (others * share) / (1 - share));
  }

  /** Accounts what the chosen member sent. */
  spend(member: T, bytes: number): void {
    const seat = this.#seats.find((each) => each.member === member);
    if (seat !== undefined) seat.deficit -= bytes;
  }
}
