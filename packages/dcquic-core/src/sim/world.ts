import { SeededRandom } from "@proj/wire-types";
import type { EngineConfig } from "../engine/config.js";
import type { PathId } from "../engine/events.js";
import type { PathEntry } from "../path/secret-map.js";
import { EventHash } from "./event-hash.js";
import { EventQueue } from "./event-queue.js";
import { type FaultyWorld, scheduleFaults } from "./fault-schedule.js";
import { isWithin } from "./faults.js";
import { MemoryAccess, type MemoryAccessOptions } from "./memory-access.js";
import { Network, type NetworkCounts, type NetworkOptions } from "./network.js";
import { PacketNumbers } from "./packet-numbers.js";
import { Peering } from "./peering.js";
import { formatOptions } from "./reproduction.js";
import { SimHost } from "./sim-host.js";
import type { WorldOptions } from "./world-options.js";

/** What must hold after every event; returns what is wrong. */
export type Invariant = () => string | undefined;

const DEFAULT_NETWORK: NetworkOptions = {
  bytesPerSecond: 3.125e9,
  delayUs: 25,
  jitterUs: 0,
  queueBytes: 1_048_576,
  ceThresholdBytes: Number.POSITIVE_INFINITY,
};
const DEFAULT_BUFFER_BYTES = 268_435_456;
const HANDSHAKE_US = 500;
/** How long a superseded path is kept. spec/dcquic.md §7.1 */
const RETIRE_AFTER_US = 60_000_000;

/**
 * Hosts, a network and its faults in virtual time, around the protocol code that also runs on real ones. The same seed gives
 * the same world, event by event.
 *
 * @see spec/dcquic.md §23
 */
export class World {
  /** The hosts, by number. */
  readonly hosts: readonly SimHost[];
  readonly #options: WorldOptions;
  readonly #events = new EventQueue();
  readonly #network: Network;
  readonly #random: SeededRandom;
  readonly #invariants: Invariant[] = [];
  readonly #wakes: number[];
  readonly #touched = new Set<SimHost>();
  readonly #numbers = new PacketNumbers();
  #wrong: string | undefined;
  #nowUs = 0;
  readonly #hash = new EventHash();
  readonly #peering: Peering;
  #steps = 0;

  /** Builds the world; nothing happens before {@link World.run}. */
  constructor(options: WorldOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    const network = { ...DEFAULT_NETWORK, ...options.network };
    const faults = options.faults ?? {};
    this.#network = new Network(network, faults, this.#random, this.#events, {
      deliver: (to, from, bytes, ecn) => this.#deliver(to, from, bytes, ecn),
      complain: (sender, to, mtu) => this.#whenAwake(sender, () => this.#icmp(sender, to, mtu)),
    });
    this.#peering = new Peering({
      crypto: options.crypto,
      random: this.#random,
      config: options.config ?? {},
      counters: options.counters,
    });
    this.#wakes = Array.from({ length: options.hosts }, () => Number.POSITIVE_INFINITY);
    const config = { nicBytesPerSecond: network.bytesPerSecond, ...options.config };
    const memory = options.memoryAccess && this.#memory(options.memoryAccess);
    this.hosts = Array.from({ length: options.hosts }, (_, index) =>
      this.#host(index, config, memory),
    );
    this.#invariants.push(() => this.#basics());
    scheduleFaults(this.#faultyWorld(), faults, this.#random);
  }

  /** The world's time; µs. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** What the network did. */
  get network(): NetworkCounts {
    return this.#network.counts;
  }

  /** A number that any difference in any event, or in its order, changes. */
  get hash(): number {
    return this.#hash.value;
  }

  /** Adds a check that runs after every event. */
  check(invariant: Invariant): void {
    this.#invariants.push(invariant);
  }

  /** Schedules something. */
  schedule(atUs: number, run: () => void): void {
    this.#events.schedule(atUs, run);
  }

  /** The host with this number. */
  host(index: number): SimHost {
    const host = this.hosts[index];
    if (host === undefined) throw new RangeError(`there is no host ${index}`);
    this.#touched.add(host);
    return host.at(this.#nowUs);
  }

  /** Makes a path between two hosts, as a handshake would, and returns the dialer's. */
  connect(dialer: number, listener: number): PathId {
    const existing = this.host(dialer).paths.get(listener);
    if (existing !== undefined) return existing;
    return this.#peering.connect(this.host(dialer), this.host(listener), undefined);
  }

  /**
   * Makes a new path between two hosts, and takes what runs on the old one to it, or lets it finish where it is. The old
   * one is forgotten after a minute.
   */
  rehandshake(dialer: number, listener: number, running: "move" | "finish"): PathId {
    const [a, b] = [this.host(dialer), this.host(listener)];
    const before = [a.paths.get(listener), b.paths.get(dialer)];
    const path = this.#peering.connect(a, b, undefined);
    for (const [host, peer, old] of [
      [a, listener, before[0]],
      [b, dialer, before[1]],
    ] as const) {
      const now = host.paths.get(peer);
      if (old === undefined || now === undefined) continue;
      if (running === "move") host.engine.moveTransfers(host.nowUs, old, now);
      const { engine } = host;
      this.schedule(this.#nowUs + RETIRE_AFTER_US, () => {
        if (host.engine !== engine) return;
        engine.removePath(old);
        this.host(host.index).pump();
      });
      host.pump();
    }
    return path;
  }

  /**
   * Runs until nothing is scheduled or `untilUs` is reached.
   *
   * @throws Error when an invariant is broken; its message holds what repeats the run.
   */
  run(untilUs: number): void {
    while (this.step(untilUs));
  }

  /** Runs the next event, or moves on to `untilUs` and returns `false` when there is none until then. */
  step(untilUs: number): boolean {
    const event = this.#events.nextUs <= untilUs ? this.#events.shift() : undefined;
    if (event === undefined) {
      this.#nowUs = Math.max(this.#nowUs, untilUs);
      return false;
    }
    this.#nowUs = Math.max(this.#nowUs, event.atUs);
    event.run();
    this.#steps += 1;
    for (const invariant of this.#invariants) {
      const wrong = invariant();
      if (wrong !== undefined) throw new Error(`${wrong} (${this.reproduction})`);
    }
    return true;
  }

  /** One line that says how to see this again. */
  get reproduction(): string {
    const { repeatedBy = () => `new World(${formatOptions(this.#options)})` } = this.#options;
    return `event ${this.#steps} at ${this.#nowUs} µs of ${repeatedBy()}`;
  }

  #faultyWorld(): FaultyWorld {
    return {
      nowUs: () => this.#nowUs,
      hosts: this.hosts.length,
      host: (index) => this.host(index),
      schedule: (atUs, run) => this.schedule(atUs, run),
      rehandshake: (dialer, listener, running) => this.rehandshake(dialer, listener, running),
      failOver: (host, port) => this.#network.failOver(host, port),
      isAlive: () => this.#events.size > 0,
    };
  }

  #memory(options: MemoryAccessOptions): MemoryAccess {
    return new MemoryAccess(options, {
      random: this.#random,
      after: (us, run) => this.schedule(this.#nowUs + us, run),
      deliver: (host, take) => this.#whenAwake(host, () => take(this.host(host))),
    });
  }

  #host(
    index: number,
    config: Partial<EngineConfig>,
    memoryAccess: MemoryAccess | undefined,
  ): SimHost {
    return new SimHost({
      index,
      config,
      crypto: this.#options.crypto,
      random: this.#random,
      startUs: this.#options.startUs ?? 0,
      firstGeneration: this.#options.counters?.generation,
      bufferBytes: this.#options.bufferBytes ?? DEFAULT_BUFFER_BYTES,
      memoryAccess,
      send: (to, datagram, ecn) => {
        this.#wrong ??= this.#numbers.sent(index, datagram);
        this.#network.send(this.#nowUs, index, to, datagram, ecn);
      },
      wakeAt: (atUs) => this.#wake(index, atUs),
      onEvent: (host, event) => {
        this.#hash.note(this.#nowUs, index, event);
        if (event.kind === "handshakeDue") this.#replace(host, event.path);
        this.#options.onEvent?.(host, event);
      },
      reconnect: (host, peer, lost) => this.#reconnect(host, peer, lost),
    });
  }

  #wake(index: number, atUs: number): void {
    if (atUs >= (this.#wakes[index] ?? 0)) return;
    this.#wakes[index] = atUs;
    this.#events.schedule(atUs, () => {
      if (this.#wakes[index] !== atUs) return;
      this.#wakes[index] = Number.POSITIVE_INFINITY;
      const untilUs = this.#pausedUntil(index);
      if (untilUs !== undefined) return this.#wake(index, untilUs);
      this.host(index).wake();
    });
  }

  #deliver(to: number, from: number, datagram: Uint8Array, ecn: number): void {
    this.#whenAwake(to, () => this.host(to).receive(from, datagram, ecn));
  }

  #icmp(sender: number, to: number, mtuBytes: number | undefined): void {
    const host = this.host(sender);
    if (mtuBytes === undefined) host.engine.icmpFrom(host.nowUs, to, "unreachable");
    else host.engine.pathMtu(host.nowUs, to, mtuBytes);
    host.pump();
  }

  #whenAwake(host: number, run: () => void): void {
    const untilUs = this.#pausedUntil(host);
    if (untilUs === undefined) run();
    else this.#events.schedule(untilUs, () => this.#whenAwake(host, run));
  }

  #pausedUntil(host: number): number | undefined {
    const { pauses = [] } = this.#options.faults ?? {};
    return pauses.find((span) => span.host === host && isWithin(span, this.#nowUs))?.untilUs;
  }

  // The keys of a path run out: both sides go on under a new secret.
  #replace(host: SimHost, path: PathId): void {
    const peer = host.entries.get(path)?.identity;
    if (peer === undefined) return;
    this.schedule(this.#nowUs + HANDSHAKE_US, () => {
      if (host.paths.get(Number(peer)) !== path) return;
      this.rehandshake(host.index, Number(peer), "finish");
    });
  }

  #reconnect(host: SimHost, peer: number, lost: PathEntry): void {
    this.#peering.connect(host, this.host(peer), lost);
    host.pump();
    this.host(peer).pump();
  }

  #basics(): string | undefined {
    if (this.#wrong !== undefined) return this.#wrong;
    // Only a host that did something can have changed.
    for (const { index, engine } of this.#touched) {
      const wrong = engine.brokenInvariant();
      if (wrong !== undefined) return `host ${index}: ${wrong}`;
    }
    this.#touched.clear();
    return undefined;
  }
}
