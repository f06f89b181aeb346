import type { Feedback } from "../wire/path-frames.js";
import { Bbr } from "./bbr.js";
import type { RttEstimator } from "./rtt.js";
import { WIDE_ZERO } from "../wire/wide-zero.js";
import { SentLog } from "./sent-log.js";

const REORDER_PACKETS = 3;

/** Whether a path's packets are marked ECN-capable. §12 */
export type EcnState = "capable" | "off";

/**
 * The sending side of a path's rate: what was sent, what the peer says arrived, and what BBR makes of it.
 *
 * @see spec/dcquic.md §12
 */
export class Congestion {
  /** The estimator. */
  readonly bbr: Bbr;
  /** Share of BBR's pace that is used: less than 1 for a peer in trouble. §14 */
  paceShare: number = Number.NaN;
  readonly #sent: SentLog;
  readonly #rtt: RttEstimator;
  #ecn: EcnState = "capable";
  #largest = -1;
  #atUs = WIDE_ZERO;
  #packets = 0;
  #bytes = WIDE_ZERO;
  #sentBytesAtLargest = WIDE_ZERO;
  #sentAtUs = WIDE_ZERO;
  #missing = 0;
  #lost = 0;
  #marks = 0;
  #ecnPackets = 0;
  #roundEnd = 0;
  #nextSendUs = Number.NEGATIVE_INFINITY;
  #wasLimited = false;

  /**
   * Packet numbers begin at `firstPacket`. `slackUs` is how late a driver's timer may be: so much of the pace is made up
   * for.
   */
  constructor(packetBytes: number, rtt: RttEstimator, slackUs = 0, firstPacket = 0) {
    // Not above, for it would be a small integer there: see WIDE_ZERO.
    this.paceShare = 1;
    this.#slackUs = slackUs;
    this.bbr = new Bbr(packetBytes, slackUs);
    this.#rtt = rtt;
    this.#sent = new SentLog(firstPacket);
    this.#roundEnd = firstPacket;
    this.#base = firstPacket;
  }
  readonly #base: number;
  readonly #slackUs: number;

  /** Whether to send packets as ECT(0). */
  get ecn(): EcnState {
    return this.#ecn;
  }

  /** The latest packet of which the peer said that it has it; less than any number where it said nothing yet. */
  get reported(): number {
    return this.#largest;
  }

  /** Packets that were found lost so far. */
  get lostPackets(): number {
    return this.#lost;
  }

  /** Congestion-controlled bytes that are neither known to have arrived nor given up. */
  get inflightBytes(): number {
    return this.#sent.totalBytes - this.#sentBytesAtLargest;
  }

  /** How fast congestion-controlled packets go; bytes per second. */
  get pacingRate(): number {
    return this.bbr.pacingRate * this.paceShare;
  }

  /** When the next congestion-controlled packet may go: Infinity while the window is full. */
  nextSendUs(): number {
    if (this.inflightBytes >= this.bbr.windowBytes) {
      this.#wasLimited = true;
      return Number.POSITIVE_INFINITY;
    }
    return this.#nextSendUs;
  }

  /** How many congestion-controlled packets of so many bytes may go now, one after the other. */
  burst(nowUs: number, bytes: number): number {
    const room = this.bbr.windowBytes - this.inflightBytes;
    const startUs = Math.max(nowUs - this.#slackUs, this.#nextSendUs);
    if (room <= 0 || startUs > nowUs) return 0;
    const gapUs = (bytes / this.pacingRate) * 1e6;
    const paced = gapUs > 0 ? Math.floor((nowUs - startUs) / gapUs) + 1 : Number.POSITIVE_INFINITY;
    return Math.min(Math.ceil(room / bytes), paced);
  }

  /** When a packet was sent. */
  timeOf(packetNumber: number): number | undefined {
    return this.#sent.timeOf(packetNumber);
  }

  /** Notes a sent packet; `controlledBytes` is 0 for CONTROL. */
  packetSent(nowUs: number, controlledBytes: number): void {
    this.packetsSent(nowUs, 1, controlledBytes);
  }

  /** Notes so many sent packets, all alike. */
  packetsSent(nowUs: number, packets: number, controlledBytes: number): void {
    for (let i = 0; i < packets; i++) this.#sent.add(nowUs, controlledBytes);
    if (controlledBytes === 0) return;
    const gapUs = ((packets * controlledBytes) / this.pacingRate) * 1e6;
    this.#nextSendUs = Math.max(nowUs - this.#slackUs, this.#nextSendUs) + gapUs;
  }

  /** Gives up on everything in flight, because nothing was heard for a PTO: the window must not stay shut for ever. */
  giveUpInflight(): void {
    this.#sentBytesAtLargest = this.#sent.totalBytes;
  }

  /** Learns from a FEEDBACK about the own worker's packets. What cannot be true is ignored, and answered with `false`. */
  feedback(nowUs: number, frame: Feedback): boolean {
    const { largest, packets } = frame;
    if (largest >= this.#sent.end || packets > largest + 1 - this.#base) return false;
    if (largest <= this.#largest || packets < this.#packets) return true;
    const sentBytes = this.#sent.bytesUpTo(largest);
    const sentAtUs = this.#sent.timeOf(largest);
    if (sentBytes === undefined || sentAtUs === undefined) return true;
    const rttUs = Math.max(1, nowUs - sentAtUs - frame.delayUs);
    this.#rtt.sample(rttUs);
    const lostNow = this.#countLost(largest, packets);
    const marks = this.#validateEcn(frame);
    const receivedUs = nowUs - this.#atUs;
    const elapsedUs = Math.max(1, receivedUs, sentAtUs - this.#sentAtUs);
    const first = this.#largest < 0;
    this.bbr.sample({
      nowUs,
      rttUs,
      deliveryRate: first ? 0 : ((frame.bytes - this.#bytes) / elapsedUs) * 1e6,
      appLimited: !this.#wasLimited,
      deliveredPackets: packets - this.#packets,
      lostPackets: lostNow,
      markedPackets: marks,
      inflightBytes: this.inflightBytes,
      roundEnded: largest >= this.#roundEnd,
    });
    if (largest >= this.#roundEnd) {
      this.#roundEnd = this.#sent.end;
      this.#wasLimited = false;
    }
    this.#largest = largest;
    this.#packets = packets;
    this.#bytes = frame.bytes;
    this.#sentBytesAtLargest = Math.max(this.#sentBytesAtLargest, sentBytes);
    this.#atUs = nowUs;
    this.#sentAtUs = sentAtUs;
    this.#sent.forgetBefore(largest);
    return true;
  }

  // Missing below the largest, beyond what reordering explains, is lost; what was counted once is not counted again.
  #countLost(largest: number, packets: number): number {
    const missing = Math.max(0, largest + 1 - this.#base - packets - REORDER_PACKETS);
    const lostNow = Math.max(0, missing - this.#missing);
    this.#missing = Math.max(this.#missing, missing);
    this.#lost += lostNow;
    return lostNow;
  }

  // Counts must add up: marks that vanish or appear from nowhere mean that the network rewrites them.
  #validateEcn(frame: Feedback): number {
    const marks = frame.ce - this.#marks;
    const ecnPackets = frame.ect0 + frame.ect1 + frame.ce;
    const grown = ecnPackets - this.#ecnPackets;
    if (marks < 0 || frame.ect1 > 0 || grown < 0 || ecnPackets > frame.packets) this.#ecn = "off";
    else if (grown === 0 && frame.packets - this.#packets > 0) this.#ecn = "off";
    this.#marks = frame.ce;
    this.#ecnPackets = ecnPackets;
    return this.#ecn === "off" ? 0 : marks;
  }
}
