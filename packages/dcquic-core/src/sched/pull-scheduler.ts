import { AROUND_CHUNK_BYTES, fullChunkBytes } from "../wire/chunk.js";
import { LeakyBucket } from "./leaky-bucket.js";

/** How a {@link PullScheduler} is set up. spec/dcquic.md §20 */
export interface PullSchedulerOptions {
  /** Bytes per second the receiving link carries. */
  readonly rxBytesPerSecond: number;
  /** Share of the link that is asked for. */
  readonly rxUtilisation: number;
  /** Bytes asked for at once. */
  readonly quantumBytes: number;
  /** Window as a multiple of bandwidth × delay. */
  readonly windowFactor: number;
  /** How many senders should overlap at least. */
  readonly overcommit: number;
  /** How late a driver's timer may be; µs. */
  readonly slackUs: number;
}

/** What is known of one sender. */
export interface PullSender {
  /** Bytes that were asked for and neither arrived nor were given up. */
  outstanding: number;
  /** Transfers that want bytes from it. */
  wanting: number;
  /** Bytes that arrived in the current measurement. */
  measuredBytes: number;
  /** When the current measurement began. */
  measuredSinceUs: number;
  /** Bytes per second it delivered during the last four round trips; 0 before the first measurement. */
  rate: number;
}

/** What is to be asked for next. */
export interface PullWish {
  /** Bytes of the transfer that were not asked for yet. */
  readonly bytes: number;
  /** In datagrams of how many bytes they will come. */
  readonly datagramBytes: number;
  /** Whether nothing else wants to be asked for: then several quanta may be asked for at once. */
  readonly isAlone: boolean;
}

// What is asked for in one pull of several quanta: what is missing of it is noticed when it ends.
const MOST_QUANTA = 4;
const REDUCTION = 0.8;
const CE_SHARE = 0.05;
const RATE_HEADROOM = 1.25;
const MEASURED_ROUNDS = 4;

/**
 * Decides how much of what may be asked for: the window over all senders, the share of one sender, and the rate that is
 * wished for. Which transfer comes next is the priority queue's choice.
 *
 * @see spec/dcquic.md §12
 */
export class PullScheduler {
  readonly #options: PullSchedulerOptions;
  readonly #bucket: LeakyBucket;
  #outstanding = 0;
  #active = 0;
  #cap = Number.POSITIVE_INFINITY;
  #roundSinceUs = Number.NEGATIVE_INFINITY;
  #roundPackets = 0;
  #roundCe = 0;

  /** Nothing is outstanding at first. */
  constructor(options: PullSchedulerOptions) {
    this.#options = options;
    const pulled = options.rxBytesPerSecond * options.rxUtilisation;
    // One quantum may be owed, asking is coarser than sending, and what a late turn of the driver missed.
    const slackUs = (options.quantumBytes / pulled) * 1e6 + options.slackUs;
    this.#bucket = new LeakyBucket(pulled, slackUs);
  }

  /** Bytes outstanding over all senders. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** When the receive bucket allows the next pull. */
  get nextFreeUs(): number {
    return this.#bucket.nextFreeUs;
  }

  /** Makes the record of a sender. */
  addSender(): PullSender {
    return { outstanding: 0, wanting: 0, measuredBytes: 0, measuredSinceUs: 0, rate: 0 };
  }

  /** Counts a transfer that wants bytes from `sender`, `by` 1, or one that no longer does, `by` -1. */
  want(sender: PullSender, by: 1 | -1): void {
    const before = sender.wanting;
    sender.wanting += by;
    if (before === 0 && by === 1) this.#active += 1;
    if (before === 1 && by === -1) this.#active -= 1;
  }

  /** The window for peers with this round trip, in bytes. */
  windowBytes(srttUs: number): number {
    const { rxBytesPerSecond, quantumBytes, windowFactor } = this.#options;
    const quantumUs = (quantumBytes / rxBytesPerSecond) * 1e6;
    const formula = (windowFactor * rxBytesPerSecond * (srttUs + 2 * quantumUs)) / 1e6;
    return Math.max(2 * quantumBytes, Math.min(formula, this.#cap));
  }

  /**
   * How many of the wished bytes may be asked of `sender` now: 0, or all of them up to a quantum, or half of one. Small wishes
   * find room where a quantum does not. What goes on after it is as many whole datagrams as a quantum holds.
   */
  allowance(nowUs: number, sender: PullSender, srttUs: number, wish: PullWish): number {
    if (!this.#bucket.isFree(nowUs)) return 0;
    const { quantumBytes, overcommit } = this.#options;
    const window = this.windowBytes(srttUs);
    const share = Math.max(quantumBytes, window / Math.min(overcommit, Math.max(1, this.#active)));
    const room = Math.min(window - this.#outstanding, share - sender.outstanding);
    if (room >= Math.min(wish.bytes, quantumBytes))
      return this.#upTo(wish, this.#quanta(nowUs, wish, room));
    // Half of one keeps a sender busy that a whole one would leave idle.
    return room >= quantumBytes / 2 ? this.#upTo(wish, 0.5) : 0;
  }

  // Pulls that would follow one another at once are one.
  #quanta(nowUs: number, { isAlone, bytes }: PullWish, room: number): number {
    const { quantumBytes } = this.#options;
    if (!isAlone || bytes <= quantumBytes) return 1;
    const free = Math.min(Math.floor(room / quantumBytes), this.#bucket.burst(nowUs, quantumBytes));
    return Math.max(1, Math.min(MOST_QUANTA, free));
  }

  #upTo({ bytes, datagramBytes }: PullWish, quanta: number): number {
    const { quantumBytes } = this.#options;
    const most = Math.floor(quanta * quantumBytes);
    if (bytes <= most) return bytes;
    const whole = fullChunkBytes(datagramBytes);
    const one = Math.min(quantumBytes, most);
    return one < whole ? most : Math.max(1, quanta) * (one - (one % whole));
  }

  /** The rate to wish for from `sender`, in bytes per second. */
  rateFor(sender: PullSender): number {
    const share = this.#bucket.rate / Math.max(1, this.#active);
    const fair = Math.max(share, this.#bucket.rate / this.#options.overcommit);
    return Math.floor(
      sender.rate === 0 ? fair : Math.max(share, Math.min(fair, RATE_HEADROOM * sender.rate)),
    );
  }

  /** Notes a pull of so many bytes, which come in datagrams of `datagramBytes`: their headers take time of the link, too. */
  pulled(nowUs: number, sender: PullSender, bytes: number, datagramBytes: number): void {
    const datagrams = Math.ceil(bytes / (datagramBytes - AROUND_CHUNK_BYTES));
    this.#bucket.take(nowUs, bytes + datagrams * AROUND_CHUNK_BYTES);
    if (sender.outstanding === 0) {
      // Only while something is outstanding does its rate say what the sender can do.
      sender.measuredSinceUs = nowUs;
      sender.measuredBytes = 0;
    }
    sender.outstanding += bytes;
    this.#outstanding += bytes;
  }

  /** Notes bytes that arrived unasked: they take time of the link that pulls then cannot have. */
  unasked(nowUs: number, wireBytes: number): void {
    this.#bucket.take(nowUs, wireBytes);
  }

  /** Notes bytes that arrived, were cancelled, or were given up: they are outstanding no more. */
  settled(sender: PullSender, bytes: number): void {
    sender.outstanding -= bytes;
    this.#outstanding -= bytes;
  }

  /** Measures the sender's rate over four round trips. */
  arrived(nowUs: number, sender: PullSender, bytes: number, srttUs: number): void {
    const elapsed = nowUs - sender.measuredSinceUs;
    if (elapsed >= MEASURED_ROUNDS * srttUs) {
      sender.rate = (sender.measuredBytes / elapsed) * 1e6;
      sender.measuredSinceUs = nowUs;
      sender.measuredBytes = 0;
    }
    sender.measuredBytes += bytes;
  }

  /**
   * Notes so many packets, of which `marked` carry a congestion mark: 5 % of those of a round trip shrink the window, none at all give a
   * quantum back.
   */
  packets(nowUs: number, count: number, marked: number, srttUs: number): void {
    this.#roundPackets += count;
    this.#roundCe += marked;
    if (nowUs - this.#roundSinceUs < srttUs) return;
    if (this.#roundCe >= CE_SHARE * this.#roundPackets && this.#roundCe > 0) {
      this.#cap = Math.max(2 * this.#options.quantumBytes, REDUCTION * this.windowBytes(srttUs));
    } else if (this.#roundCe === 0) this.#cap += this.#options.quantumBytes;
    this.#roundSinceUs = nowUs;
    this.#roundPackets = 0;
    this.#roundCe = 0;
  }
}
