import { type RandomSource, uniform } from "@proj/wire-types";
import { OVERHEAD_BYTES } from "../sched/leaky-bucket.js";
import type { EventQueue } from "./event-queue.js";
import { type Faults, isWithin } from "./faults.js";

/** One switch with a port to every host. */
export interface NetworkOptions {
  /** Bytes per second of every port. */
  readonly bytesPerSecond: number;
  /** One way, without queueing; µs. */
  readonly delayUs: number;
  /** Uniform addition to the delay; µs. */
  readonly jitterUs: number;
  /** Bytes a port queues; what comes on top is dropped. */
  readonly queueBytes: number;
  /** Queued bytes from which datagrams are marked CE; Infinity never. */
  readonly ceThresholdBytes: number;
}

/** What a network did. */
export interface NetworkCounts {
  /** Datagrams that were sent. */
  sent: number;
  /** Bytes of UDP payload that were sent. */
  sentBytes: number;
  /** Datagrams dropped because a queue was full. */
  queueDrops: number;
  /** Datagrams that a fault swallowed. */
  faultDrops: number;
  /** Datagrams marked CE. */
  marked: number;
}

/** Where datagrams and what is said of them arrive. */
export interface NetworkSink {
  /** Takes a datagram. */
  readonly deliver: (to: number, from: number, datagram: Uint8Array, ecn: number) => void;
  /** Takes an ICMP message: what was sent to `to` could not be delivered; `mtuBytes` is set where less would have been. */
  readonly complain: (sender: number, to: number, mtuBytes: number | undefined) => void;
}

const CE = 3;
const SPOOFED_BYTES = 120;
const MAX_HOSTS = 65_536;
const FLOW_BURST_BYTES = 65_536;

/** Carries datagrams between simulated hosts, with everything that may happen to them on the way. */
export class Network {
  /** What happened so far. */
  readonly counts: NetworkCounts = {
    sent: 0,
    sentBytes: 0,
    queueDrops: 0,
    faultDrops: 0,
    marked: 0,
  };
  readonly #options: NetworkOptions;
  readonly #faults: Faults;
  readonly #random: RandomSource;
  readonly #events: EventQueue;
  readonly #sink: NetworkSink;
  readonly #portFreeUs = new Map<number, number>();
  readonly #flowFreeUs = new Map<number, number>();
  readonly #portOf = new Map<number, number>();
  #inBurst = false;

  /** `sink` is told what arrives. */
  constructor(
    options: NetworkOptions,
    faults: Faults,
    random: RandomSource,
    events: EventQueue,
    sink: NetworkSink,
  ) {
    this.#options = options;
    this.#faults = faults;
    this.#random = random;
    this.#events = events;
    this.#sink = sink;
  }

  /** Has a host share the port of another one from now on. */
  failOver(host: number, port: number): void {
    this.#portOf.set(host, port);
  }

  /** Sends a datagram; it is copied. */
  send(nowUs: number, from: number, to: number, bytes: Uint8Array, ecn: number): void {
    const datagram = new Uint8Array(bytes);
    this.counts.sent += 1;
    this.counts.sentBytes += datagram.length;
    this.#attack(nowUs, from, to, datagram, ecn);
    if (this.#isSwallowed(nowUs, from, to, datagram.length)) {
      this.counts.faultDrops += 1;
      return;
    }
    this.#forward(nowUs, from, to, this.#damaged(datagram), ecn);
    if (this.#chance(this.#faults.duplicate)) this.#forward(nowUs, from, to, datagram, ecn);
  }

  #forward(nowUs: number, from: number, to: number, datagram: Uint8Array, ecn: number): void {
    const { bytesPerSecond, delayUs, jitterUs, queueBytes, ceThresholdBytes } = this.#options;
    const { reorder } = this.#faults;
    const wireUs = ((datagram.length + OVERHEAD_BYTES) / bytesPerSecond) * 1e6;
    const atPortUs = nowUs + delayUs / 2;
    const port = this.#port(to);
    const freeUs = Math.max(atPortUs, this.#portFreeUs.get(port) ?? 0);
    const queued = ((freeUs - atPortUs) / 1e6) * bytesPerSecond;
    if (queued + datagram.length > queueBytes) {
      this.counts.queueDrops += 1;
      return;
    }
    if (this.#isPoliced(nowUs, from, to, datagram.length)) return;
    this.#portFreeUs.set(port, freeUs + wireUs);
    const marks = ecn !== 0 && queued > ceThresholdBytes;
    if (marks) this.counts.marked += 1;
    let arrivesUs = freeUs + wireUs + delayUs / 2;
    if (jitterUs > 0) arrivesUs += uniform(this.#random) * jitterUs;
    if (reorder !== undefined && this.#chance(reorder.probability)) {
      arrivesUs += uniform(this.#random) * reorder.delayUs;
    }
    const as = marks ? CE : ecn;
    this.#events.schedule(arrivesUs, () => this.#sink.deliver(to, from, datagram, as));
  }

  // Clouds drop what a flow sends beyond its rate and a small burst.
  #isPoliced(nowUs: number, from: number, to: number, bytes: number): boolean {
    const { flowBytesPerSecond } = this.#faults;
    if (flowBytesPerSecond === undefined) return false;
    const flow = from * MAX_HOSTS + to;
    const freeUs = Math.max(nowUs, this.#flowFreeUs.get(flow) ?? 0);
    if (((freeUs - nowUs) / 1e6) * flowBytesPerSecond > FLOW_BURST_BYTES) {
      this.counts.faultDrops += 1;
      return true;
    }
    this.#flowFreeUs.set(flow, freeUs + (bytes / flowBytesPerSecond) * 1e6);
    return false;
  }

  #isSwallowed(nowUs: number, from: number, to: number, bytes: number): boolean {
    const { loss, burst, mtuBlackHoleBytes, partitions = [], nicDown = [] } = this.#faults;
    if (burst !== undefined) {
      this.#inBurst = this.#chance(this.#inBurst ? burst.goOn : burst.begin);
      if (this.#inBurst) return true;
    }
    if (this.#chance(loss)) return true;
    if (mtuBlackHoleBytes !== undefined && bytes > mtuBlackHoleBytes) {
      this.#complain(nowUs, from, to, mtuBlackHoleBytes);
      return true;
    }
    const isDown = (host: number): boolean =>
      nicDown.some((down) => down.host === this.#port(host) && isWithin(down, nowUs));
    if (isDown(from)) return true;
    if (isDown(to)) {
      this.#complain(nowUs, from, to, undefined);
      return true;
    }
    return partitions.some((span) => span.from === from && span.to === to && isWithin(span, nowUs));
  }

  #port(host: number): number {
    return this.#portOf.get(host) ?? host;
  }

  #complain(nowUs: number, from: number, to: number, mtuBytes: number | undefined): void {
    if (this.#faults.icmp !== true) return;
    const atUs = nowUs + this.#options.delayUs;
    this.#events.schedule(atUs, () => this.#sink.complain(from, to, mtuBytes));
  }

  #damaged(datagram: Uint8Array): Uint8Array {
    const { corrupt, truncate } = this.#faults;
    if (this.#chance(truncate)) {
      return datagram.slice(0, Math.floor(uniform(this.#random) * datagram.length));
    }
    if (!this.#chance(corrupt)) return datagram;
    const damaged = new Uint8Array(datagram);
    const at = Math.floor(uniform(this.#random) * damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 + Math.floor(uniform(this.#random) * 255));
    return damaged;
  }

  #attack(nowUs: number, from: number, to: number, datagram: Uint8Array, ecn: number): void {
    const { replay, spoof } = this.#faults;
    if (replay !== undefined && this.#chance(replay.probability)) {
      const againUs = nowUs + uniform(this.#random) * replay.delayUs;
      this.#events.schedule(againUs, () => this.#forward(againUs, from, to, datagram, ecn));
    }
    if (!this.#chance(spoof)) return;
    // Knows the format and a credential id it saw, and has no key: a header with any number, or any bytes at all.
    const forged = this.#random.fill(new Uint8Array(SPOOFED_BYTES));
    if (this.#chance(0.8)) forged.set(datagram.subarray(0, 24));
    this.#forward(nowUs, from, to, forged, ecn);
  }

  #chance(probability: number | undefined): boolean {
    return probability !== undefined && probability > 0 && uniform(this.#random) < probability;
  }
}
