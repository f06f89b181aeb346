import { formatHex } from "@proj/wire-types";
import { Congestion } from "../cc/congestion.js";
import { RttEstimator } from "../cc/rtt.js";
import type { Direction } from "../crypto/key-schedule.js";
import type { SendKeys } from "../crypto/send-keys.js";
import { PeerHealth } from "../health/peer-health.js";
import type { RmaOffer } from "../negotiate/transport-choice.js";
import { PathMtu } from "../path/path-mtu.js";
import { PriorityQueue, PriorityScheduler } from "../sched/priority-queue.js";
import type { PullSender } from "../sched/pull-scheduler.js";
import { NO_TIMER, type TimerId } from "../sched/timing-wheel.js";
import { Tombstones } from "../transfer/tombstones.js";
import { ANY_WORKER } from "../wire/constants.js";
import { ClosedPace } from "./closed-pace.js";
import type { PathId } from "./events.js";
import { FeedbackPace } from "./feedback-pace.js";
import { PathKeys } from "./path-keys.js";
import type { PathOptions } from "./path-options.js";
import { PathTables } from "./path-tables.js";
import { PeerWorker } from "./peer-worker.js";
import { WishPace } from "./wish-pace.js";

const BATCH_BYTES = 65_536;
// As HELLO lists it.
const HEADERS_MODE = 1;
const RELAYED_US = 60_000_000;
const NEVER: readonly number[] = [];
const NO_OFFERS: readonly RmaOffer[] = [];

/** Whose an address of a peer is: that of the worker at home to the path, or of another one, which hands over. D-33 */
export type AddressOwner = "home" | "other";

/** Everything an engine keeps about one path. Rules are elsewhere: this is the state they share. */
export class Path extends PathTables {
  /** Its number. */
  readonly id: PathId;
  /** The driver's number for the peer's address. */
  address: number;
  /** The driver's numbers for all addresses that the peer says it has. */
  readonly addresses: number[];
  /** When another one was tried because nothing was heard. */
  triedUs: number = Number.NEGATIVE_INFINITY;
  /** When it was last told that the peer is heard where none of its addresses is. */
  heardElsewhereUs: number = Number.NEGATIVE_INFINITY;
  /** Its name in packets. */
  readonly credentialId: Uint8Array;
  /** Its keys. */
  readonly keys: PathKeys;
  /** How the peer's memory can be read. */
  readonly rmaOffers: readonly RmaOffer[];
  /** Who the peer is, and which of its starts: paths of one name are of one peer. */
  readonly peerName: string;
  /** How DATA of sealed messages is authenticated, in both directions. */
  readonly dataAuth: "packet" | "headers";
  /** Direction of what is sent. */
  readonly direction: Direction;
  /** Round trip and PTO. */
  readonly rtt: RttEstimator;
  /** How large a datagram may be. */
  readonly mtu: PathMtu;
  /** What is thought of the peer. */
  readonly health: PeerHealth;
  /** The peer as a sender. */
  readonly sender: PullSender;
  /** The worker of the peer that what is sent is meant for. */
  peerWorker: number = ANY_WORKER;
  /** Why it is over, if it is. */
  failedStatus: number | undefined;
  /** Packets that did not open. */
  openFailures = 0;
  /** Whether a new handshake was asked for. */
  handshakeAsked = false;
  /** FLOW_RESETs of this second, and when it began: answers to what cannot be matched are limited. */
  resetCount = 0;
  resetsSinceUs: number = Number.NEGATIVE_INFINITY;
  /** Since when the peer owes an answer, if later than it was last heard. */
  owedSinceUs: number = Number.NEGATIVE_INFINITY;
  /** When a packet was last sent. */
  sentUs: number = Number.NEGATIVE_INFINITY;
  /** Transfers and closes that are not over. */
  live = 0;
  /** Its one timer. */
  timer: TimerId = NO_TIMER;
  /** When that fires. */
  timerUs: number = Number.POSITIVE_INFINITY;
  /** Whether it is among those that something happened to. */
  isDirty = false;

  /** Number of the next announcement. */
  nextNotifySeq = 0;
  /** Announcements must stay below it. */
  notifyLimit: number;
  /** Inline bytes must not exceed it. */
  inlineLimit: number;
  /** Inline bytes announced so far. */
  inlineSent = 0;
  /** When the peer is told which of them finished. */
  readonly closed: ClosedPace;
  /** Own transfers to be announced. */
  readonly announceQueue: PriorityQueue = new PriorityQueue();
  /** Chooses between their levels. */
  readonly announceScheduler: PriorityScheduler;
  /** Own transfers with something to send. */
  readonly serveQueue: PriorityQueue = new PriorityQueue();
  /** Chooses between their levels. */
  readonly serveScheduler: PriorityScheduler;
  /** Bytes that pullers asked for and that wait to be sent. */
  servingBytes = 0;
  /** What the peer wishes to get. */
  readonly wish: WishPace;
  /** Since when BBR sees less than half of the wished rate. */
  disagreeSinceUs: number = Number.POSITIVE_INFINITY;
  /** Whether that was told. */
  isDisagreementTold = false;
  /** When a BLOCKED probe goes because announcements wait for credit. */
  blockedUs: number = Number.POSITIVE_INFINITY;

  /** Announcements the peer may make: the highest limit it was sent. */
  notifyGranted: number;
  /** Its announcements that left the tables. */
  notifyFinished = 0;
  /** Inline bytes the peer may send: the highest limit it was sent. */
  inlineGranted: number;
  /** Inline bytes that were received. */
  inlineReceived = 0;
  /** Inline bytes that left the tables. */
  inlineConsumed = 0;
  /** How often the inline allowance is halved, because packets of the peer are lost or marked. */
  inlineHalvings = 0;
  /** When credit was last violated, up to three times. */
  violationsUs: readonly number[] = NEVER;

  /** Transfers from the peer that want bytes. */
  readonly pullQueue: PriorityQueue = new PriorityQueue();
  /** Chooses between their levels. */
  readonly pullScheduler: PriorityScheduler;
  /** When DATA last arrived. */
  dataUs: number = Number.NEGATIVE_INFINITY;

  /** Flags of a PROBE to be sent, or -1. */
  probeFlags = -1;
  /** The probe in flight: when it was sent, or Infinity. */
  probeSentUs: number = Number.POSITIVE_INFINITY;
  /** Its id. */
  probeId = 0;
  /** The number of the packet that carried the latest probe. */
  probePacket: number = Number.NEGATIVE_INFINITY;
  /** When a probe is next considered. */
  probeAtUs: number = Number.POSITIVE_INFINITY;
  /** When the peer is told what arrived. */
  readonly feedback: FeedbackPace;
  /** Whether new limits are to be told even though nothing else is. */
  creditDue = false;
  readonly #options: Pick<PathOptions, "config" | "counters" | "forgotten" | "hash">;
  readonly #workers = new Map<number, PeerWorker>();
  // What only a peer needs that something is sent to, or heard from. Most peers are idle.
  #congestion: Congestion | undefined;
  #relays: Set<number> | undefined;

  /** Begins where `options` say; keys are derived when they are used first. */
  constructor(options: PathOptions) {
    super();
    const { config, counters, crypto, established, forgotten, healthChanged, keyDerived } = options;
    const { pathSecret, aead, credentialId, role, peer } = established;
    // Not what the peer said of itself, of which little is needed later.
    this.#options = { config, counters, forgotten, hash: options.hash };
    this.id = options.id;
    this.address = options.address;
    this.addresses = [options.address];
    this.credentialId = credentialId;
    this.rmaOffers = peer.rma ?? NO_OFFERS;
    this.sender = options.sender;
    this.peerName = `${options.identity} ${formatHex(peer.epoch)}`;
    const agreed = config.dataAuth === "headers" && peer.dataAuth.includes(HEADERS_MODE);
    this.dataAuth = agreed ? "headers" : "packet";
    this.direction = role === "dialer" ? 0 : 1;
    const { direction } = this;
    this.keys = new PathKeys({
      crypto,
      pathSecret,
      aead,
      direction,
      config,
      counters,
      derived: keyDerived,
    });
    const { notifySeq } = counters;
    this.rtt = new RttEstimator(config);
    this.closed = new ClosedPace(this.rtt);
    this.feedback = new FeedbackPace(this.rtt, config.timerGranularityUs);
    this.wish = new WishPace(config.nicSlackUs);
    this.mtu = new PathMtu({
      startBytes: Math.min(config.mtuBytes, peer.maxDatagramBytes),
      maxBytes: Math.min(config.mtuMaxBytes, peer.maxDatagramBytes),
    });
    this.health = new PeerHealth(options.nowUs, options.awake, (before) =>
      healthChanged(this, before),
    );
    this.nextNotifySeq = notifySeq;
    if (notifySeq > 0) this.finished.add(0, notifySeq);
    this.notifyFinished = notifySeq;
    this.notifyLimit = notifySeq + peer.notifyLimit;
    this.inlineLimit = peer.inlineLimit;
    this.notifyGranted = notifySeq + config.notifyWindow;
    this.inlineGranted = config.inlineStartBytes;
    const { starvationReserve } = config;
    const scheduling = { starvationReserve, batchBytes: BATCH_BYTES };
    this.announceScheduler = new PriorityScheduler(scheduling);
    this.serveScheduler = new PriorityScheduler(scheduling);
    this.pullScheduler = new PriorityScheduler(scheduling);
  }

  /** Numbers and seals what is sent. */
  get sendKeys(): SendKeys {
    return this.keys.send;
  }

  /** What may be sent. */
  get congestion(): Congestion {
    this.#congestion ??= this.#makeCongestion();
    return this.#congestion;
  }

  /** Whether anything was sent that {@link Path.congestion} knows of. */
  get hasSent(): boolean {
    return this.#congestion !== undefined;
  }

  /** Whether its peer does not answer, so that another address may be better. */
  get isLost(): boolean {
    return this.health.state === "probing" || this.health.state === "failed";
  }

  /** Learns another address of the peer. */
  addAddress(address: number, whose: AddressOwner): void {
    if (this.addresses.includes(address)) return;
    this.addresses.push(address);
    if (whose === "other") (this.#relays ??= new Set()).add(address);
  }

  /**
   * Whether a packet of the peer says that it is to be answered where it came from. One that comes from the home worker does not
   * while another one hands over what is sent: the home was silent when it was asked. After a minute it is tried again.
   */
  follows(nowUs: number, source: number): boolean {
    if (!this.addresses.includes(source)) return false;
    return this.#relays?.has(this.address) !== true || nowUs - this.triedUs >= RELAYED_US;
  }

  /** Sends to another address of the peer from now on. What was learned of the way to the old one goes. §18 */
  sendTo(address: number): void {
    this.address = address;
    this.#congestion?.bbr.restart();
    this.#congestion?.giveUpInflight();
  }

  /** Direction of what is received. */
  get peerDirection(): Direction {
    return this.direction === 0 ? 1 : 0;
  }

  /** The workers of the peer that were heard. */
  get workers(): IterableIterator<PeerWorker> {
    return this.#workers.values();
  }

  /** A worker of the peer, if it was heard. */
  knownWorker(worker: number): PeerWorker | undefined {
    return this.#workers.get(worker);
  }

  /** Makes the state of a worker, to be kept by {@link Path.keepWorker} once one of its packets verified. */
  makeWorker(worker: number): PeerWorker {
    const { config, counters, forgotten, hash } = this.#options;
    return new PeerWorker({
      worker,
      keys: this.keys.receive(worker),
      tombstones: new Tombstones(hash, forgotten, counters.notifySeq),
      hash,
      packetWindow: config.packetWindow,
      notifyWindow: config.replayNotifyWindow,
      counters,
    });
  }

  /** Keeps the state of a worker that proved to exist. */
  keepWorker(worker: PeerWorker): void {
    this.#workers.set(worker.worker, worker);
    if (this.peerWorker === ANY_WORKER) this.peerWorker = worker.worker;
  }

  /** Whether a CONTROL packet has something to carry. */
  hasControl(nowUs: number): boolean {
    return (
      this.hasOutgoing ||
      this.announceReady() ||
      this.probeFlags >= 0 ||
      this.feedback.dueUs <= nowUs ||
      this.creditDue
    );
  }

  /** Whether an own transfer may be announced now. */
  announceReady(): boolean {
    return this.announceQueue.occupied !== 0 && this.nextNotifySeq < this.notifyLimit;
  }

  #makeCongestion(): Congestion {
    const { config, counters } = this.#options;
    return new Congestion(config.mtuBytes, this.rtt, config.nicSlackUs, counters.packetNumber);
  }
}
