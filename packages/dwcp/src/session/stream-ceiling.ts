/** What takes part in sharing the streams of a process: a session, or what leads to one. Times are in µs. */
export interface CeilingMember {
  /** Streams that it has, those that are drained too, and those on their way. */
  readonly held: number;
  /** How many it would have if it were alone. */
  wanted(nowUs: number): number;
  /** Its share may be another one: what is above has to be drained, what is below may be opened. */
  shared(nowUs: number, share: number): void;
}

/** How it stands with the streams of a process. */
export interface CeilingReading {
  /** The most that there may be. */
  readonly most: number;
  /** Those there are, and those on their way. */
  readonly held: number;
  /** Whether sessions want more, so that each has its share only. */
  readonly isShort: boolean;
  /** Streams that peers asked for, and that would have been too many. */
  readonly refused: number;
}

/**
 * Shares a number of streams between all sessions of a process. Who wants no more than its part gets that; what is left is
 * shared evenly by the others. A session's first stream is always had: otherwise there is no session that others could make room for.
 *
 * @see spec/dwcp.md B13
 */
export class StreamCeiling {
  readonly #members = new Set<CeilingMember>();
  #most: number;
  // What nobody has more of; Infinity while all have what they want.
  #level = Number.POSITIVE_INFINITY;
  #refused = 0;

  /** `most` is for all sessions together. */
  constructor(most: number) {
    this.#most = most;
  }

  /** How it stands. */
  get reading(): CeilingReading {
    const isShort = Number.isFinite(this.#level);
    return { most: this.#most, held: this.#held, isShort, refused: this.#refused };
  }

  /** Another number from now on. */
  change(nowUs: number, most: number): void {
    this.#most = most;
    this.settle(nowUs);
  }

  /** One more that streams are shared with. */
  join(member: CeilingMember): void {
    this.#members.add(member);
  }

  /** One is gone; others may have its streams. Harmless the second time. */
  leave(nowUs: number, member: CeilingMember): void {
    if (this.#members.delete(member)) this.settle(nowUs);
  }

  /** How many a member may have, as things stood when they were last settled. */
  shareOf(nowUs: number, member: CeilingMember): number {
    return Math.min(member.wanted(nowUs), this.#level);
  }

  /** How many a member could have, whatever it wants: no use in trying more. */
  mostFor(nowUs: number, member: CeilingMember): number {
    return this.#levelAt(nowUs, member);
  }

  /** How many a member may open now. */
  roomFor(nowUs: number, member: CeilingMember): number {
    const share = Math.min(member.wanted(nowUs), this.#levelAt(nowUs));
    const room = Math.min(share - member.held, this.#most - this.#held);
    return Math.max(room, member.held === 0 ? 1 : 0);
  }

  /** A peer's stream was one too many: its member wants more from now on, and others may have to make room. */
  refuse(nowUs: number): void {
    this.#refused += 1;
    this.settle(nowUs);
  }

  /** Streams came or went, or somebody wants another number: tells everybody, where that concerns them. */
  settle(nowUs: number): void {
    const before = this.#level;
    this.#level = this.#levelAt(nowUs);
    if (before === Number.POSITIVE_INFINITY && this.#level === before) return;
    for (const member of this.#members) member.shared(nowUs, this.shareOf(nowUs, member));
  }

  get #held(): number {
    let held = 0;
    for (const member of this.#members) held += member.held;
    return held;
  }

  // From the most modest one on: each may have an even part of what those before it left.
  #levelAt(nowUs: number, greedy?: CeilingMember): number {
    const wanted = [...this.#members]
      .map((member) => (member === greedy ? Number.POSITIVE_INFINITY : member.wanted(nowUs)))
      .toSorted((a, b) => a - b);
    let left = this.#most;
    for (const [at, want] of wanted.entries()) {
      const even = Math.floor(left / (wanted.length - at));
      if (want > even) return Math.max(1, even);
      left -= want;
    }
    return Number.POSITIVE_INFINITY;
  }
}
