import { formatId, type Id64, id64 } from "../wire/id64.js";
import { Fifo } from "../sched/fifo.js";
import { RecentMap } from "../sched/recent-map.js";
import type { DependencyState } from "./dependency-kind.js";
import { EdgePool } from "./edge-pool.js";
import { findCycle } from "./find-cycle.js";

/** A tracked transfer that failed because another did. */
export interface Victim {
  /** Its token. */
  readonly token: Id64;
  /** The token with which the failure began. */
  readonly rootCause: Id64;
}

/** How a {@link CausalityMap} is set up. §20 */
export interface CausalityOptions {
  /** The worker whose transfers it tracks. */
  readonly worker: number;
  /** Slots at the start. */
  readonly initialSlots: number;
  /** Slots at most; beyond them tracked calls wait. */
  readonly maxSlots: number;
  /** How many generations a slot has before they come again: a power of two; 2^24 but for tests of what happens then. */
  readonly generations?: number;
}

const WAITS_FOR_RESPONSE = 1;
const CASCADES = 2;
// Set in an edge's kind once it holds its dependent back no more.
const RELEASED = 4;
const REMEMBERED_FAILURES = 65_536;
const MAX_GENERATION = 2 ** 24 - 1;
// A slot is reused after as many others were freed, so that its generations come again after days, not after minutes.
const QUARANTINE = 1024;

const State = { Free: 0, Pending: 1, RequestDone: 2 } as const;

/**
 * Which tracked transfer waits for which. A token exists only after its transfer was created, so no cycle can be said.
 *
 * ```
 * free ─track─▶ pending ─requestDone─▶ requestDone ─complete/fail─▶ free, with the next generation
 *                  └──────────complete/fail─────────────────────────▲
 * ```
 *
 * What became free or failed is told by {@link CausalityMap.nextReleased} and {@link CausalityMap.nextVictim}; cascades are
 * iterative, so a chain may be as long as memory allows.
 *
 * @see spec/dcquic.md §5
 */
export class CausalityMap {
  readonly #options: CausalityOptions;
  readonly #edges = new EdgePool();
  readonly #lastGeneration: number;
  #generation: Uint32Array;
  #state: Uint8Array;
  #pending: Uint32Array;
  #dependents: Int32Array;
  #used = 0;
  #live = 0;
  readonly #free = new Fifo<number>();
  // Whether a generation came again anywhere: then greater numbers may be older ones.
  #hasWrapped = false;
  // The value is the root cause.
  readonly #failed = new RecentMap<string, Id64>(REMEMBERED_FAILURES);
  readonly #released = new Fifo<Id64>();
  readonly #victims = new Fifo<Victim>();

  /** Starts without tracked transfers. */
  constructor(options: CausalityOptions) {
    this.#options = options;
    this.#lastGeneration = (options.generations ?? MAX_GENERATION + 1) - 1;
    this.#generation = new Uint32Array(options.initialSlots);
    this.#state = new Uint8Array(options.initialSlots);
    this.#pending = new Uint32Array(options.initialSlots);
    this.#dependents = new Int32Array(options.initialSlots).fill(-1);
  }

  /** How many transfers are tracked now. */
  get size(): number {
    return this.#live;
  }

  /** How many edges exist now. */
  get edges(): number {
    return this.#edges.size;
  }

  /** Begins to track a transfer and returns its token, or `undefined` when all slots are taken: the call waits. */
  track(): Id64 | undefined {
    const slot = this.#takeSlot();
    if (slot === undefined) return undefined;
    this.#state[slot] = State.Pending;
    this.#pending[slot] = 0;
    this.#dependents[slot] = -1;
    this.#live += 1;
    const token = this.#tokenOf(slot);
    // Whoever had this token before is not meant.
    if (this.#hasWrapped) this.#failed.delete(formatId(token));
    return token;
  }

  /** Whether this map issued the token, now or earlier. */
  issued(token: Id64): boolean {
    if (token.hi >>> 24 !== this.#options.worker || token.lo >= this.#used) return false;
    const generation = token.hi & MAX_GENERATION;
    const current = this.#generation[token.lo] ?? 0;
    if (generation === current) return !this.#isFree(token.lo);
    if (!this.#hasWrapped) return generation < current;
    return ((current - generation) & this.#lastGeneration) <= this.#lastGeneration / 2;
  }

  /** Whether the token's transfer still runs. */
  isLive(token: Id64): boolean {
    return (
      token.hi >>> 24 === this.#options.worker &&
      token.lo < this.#used &&
      !this.#isFree(token.lo) &&
      this.#generation[token.lo] === (token.hi & MAX_GENERATION)
    );
  }

  /**
   * Makes `dependent`, which was just tracked, wait for `on`. A token whose transfer has ended counts as complete, unless it
   * failed and the kind cascades: the dependent is then to be failed with {@link CausalityMap.fail}.
   *
   * @throws RangeError for a token that was never issued, and for a dependent that is no more.
   */
  depend(dependent: Id64, on: Id64, kind: number): DependencyState {
    if (!this.issued(on)) throw new RangeError("a dependency on a token that was never issued");
    if (!this.isLive(dependent)) throw new RangeError("the dependent is not tracked any more");
    if (!this.isLive(on)) {
      return (kind & CASCADES) !== 0 && this.#failed.has(formatId(on)) ? "failed" : "satisfied";
    }
    const waits = this.#waits(on.lo, kind);
    if (!waits && (kind & CASCADES) === 0) return "satisfied";
    if (waits) this.#pending[dependent.lo] = (this.#pending[dependent.lo] ?? 0) + 1;
    const head = this.#dependents[on.lo] ?? -1;
    const generation = this.#generation[dependent.lo] ?? 0;
    this.#dependents[on.lo] = this.#edges.prepend(
      head,
      dependent.lo,
      generation,
      waits ? kind : kind | RELEASED,
    );
    return waits ? "waiting" : "satisfied";
  }

  /**
   * Like {@link CausalityMap.depend} for who does not have to wait, because order is kept in another way: only a failure
   * reaches the dependent.
   */
  follow(dependent: Id64, on: Id64, kind: number): DependencyState {
    if (!this.issued(on)) throw new RangeError("a dependency on a token that was never issued");
    if ((kind & CASCADES) === 0) return "satisfied";
    if (!this.isLive(on)) return this.#failed.has(formatId(on)) ? "failed" : "satisfied";
    const head = this.#dependents[on.lo] ?? -1;
    const generation = this.#generation[dependent.lo] ?? 0;
    this.#dependents[on.lo] = this.#edges.prepend(head, dependent.lo, generation, kind | RELEASED);
    return "satisfied";
  }

  /** A token that waits for itself, which must not be; a debug check that walks over all dependencies. */
  cycle(): Id64 | undefined {
    const slot = findCycle({
      slots: this.#used,
      first: (from) => (this.#isFree(from) ? -1 : (this.#dependents[from] ?? -1)),
      next: (edge) => this.#edges.next(edge),
      target: (edge) => (this.#isCurrent(edge) ? this.#edges.slot(edge) : -1),
    });
    return slot === undefined ? undefined : this.#tokenOf(slot);
  }

  /** How many dependencies a transfer still waits for. */
  waiting(token: Id64): number {
    return this.isLive(token) ? (this.#pending[token.lo] ?? 0) : 0;
  }

  /** Where a failed token's failure began, if it is remembered. */
  rootCause(token: Id64): Id64 | undefined {
    return this.#failed.get(formatId(token));
  }

  /** Notes that the request was handed over. Harmless the second time. */
  requestDone(token: Id64): void {
    if (!this.isLive(token) || this.#state[token.lo] !== State.Pending) return;
    this.#state[token.lo] = State.RequestDone;
    this.#settle(token.lo, "request");
  }

  /** Notes that the response is complete. Harmless the second time. */
  complete(token: Id64): void {
    if (!this.isLive(token)) return;
    this.#settle(token.lo, "response");
    this.#end(token.lo);
  }

  /**
   * Notes that the transfer failed, by itself or because of `rootCause`, and fails whatever depends on it. Harmless the
   * second time.
   */
  fail(token: Id64, rootCause: Id64 = token): void {
    if (!this.isLive(token)) return;
    const failing = [token];
    this.#remember(token, rootCause);
    for (let next = failing.pop(); next !== undefined; next = failing.pop()) {
      this.#cascade(next.lo, rootCause, failing);
      this.#end(next.lo);
    }
  }

  /** The next transfer whose last dependency was met. */
  nextReleased(): Id64 | undefined {
    return this.#released.shift();
  }

  /** The next transfer that failed because another did. */
  nextVictim(): Victim | undefined {
    return this.#victims.shift();
  }

  #cascade(slot: number, rootCause: Id64, failing: Id64[]): void {
    for (let edge = this.#dependents[slot] ?? -1; edge >= 0; edge = this.#edges.next(edge)) {
      if (!this.#isCurrent(edge)) continue;
      const dependent = this.#edges.slot(edge);
      const kind = this.#edges.kind(edge);
      if ((kind & CASCADES) === 0) {
        this.#release(edge);
        continue;
      }
      const token = this.#tokenOf(dependent);
      if (this.#failed.has(formatId(token))) continue;
      this.#remember(token, rootCause);
      this.#victims.push({ token, rootCause });
      failing.push(token);
    }
  }

  // Releases those who wait for what just happened. Edges that cascade stay until the end.
  #settle(slot: number, happened: "request" | "response"): void {
    for (let edge = this.#dependents[slot] ?? -1; edge >= 0; edge = this.#edges.next(edge)) {
      const kind = this.#edges.kind(edge);
      if (happened === "request" && (kind & WAITS_FOR_RESPONSE) !== 0) continue;
      if (this.#isCurrent(edge)) this.#release(edge);
    }
  }

  #release(edge: number): void {
    const kind = this.#edges.kind(edge);
    if ((kind & RELEASED) !== 0) return;
    this.#edges.setKind(edge, kind | RELEASED);
    const dependent = this.#edges.slot(edge);
    const left = (this.#pending[dependent] ?? 0) - 1;
    this.#pending[dependent] = left;
    if (left === 0) this.#released.push(this.#tokenOf(dependent));
  }

  #isCurrent(edge: number): boolean {
    const slot = this.#edges.slot(edge);
    return !this.#isFree(slot) && this.#generation[slot] === this.#edges.generation(edge);
  }

  #waits(slot: number, kind: number): boolean {
    return (kind & WAITS_FOR_RESPONSE) !== 0 || this.#state[slot] === State.Pending;
  }

  #end(slot: number): void {
    for (let edge = this.#dependents[slot] ?? -1; edge >= 0;) {
      const next = this.#edges.next(edge);
      this.#edges.release(edge);
      edge = next;
    }
    this.#dependents[slot] = -1;
    this.#state[slot] = State.Free;
    const generation = ((this.#generation[slot] ?? 0) + 1) & this.#lastGeneration;
    this.#generation[slot] = generation;
    if (generation === 0) this.#hasWrapped = true;
    this.#free.push(slot);
    this.#live -= 1;
  }

  #remember(token: Id64, rootCause: Id64): void {
    this.#failed.set(formatId(token), id64(rootCause.hi, rootCause.lo));
  }

  #isFree(slot: number): boolean {
    return this.#state[slot] === State.Free;
  }

  #tokenOf(slot: number): Id64 {
    return id64((this.#options.worker << 24) | (this.#generation[slot] ?? 0), slot);
  }

  #takeSlot(): number | undefined {
    if (this.#free.size > QUARANTINE) return this.#free.shift();
    if (this.#used === this.#state.length) {
      if (this.#used >= this.#options.maxSlots) return this.#free.shift();
      this.#grow(Math.min(2 * this.#used, this.#options.maxSlots));
    }
    return this.#used++;
  }

  #grow(slots: number): void {
    const [generation, state] = [this.#generation, this.#state];
    const [pending, dependents] = [this.#pending, this.#dependents];
    this.#generation = new Uint32Array(slots);
    this.#generation.set(generation);
    this.#state = new Uint8Array(slots);
    this.#state.set(state);
    this.#pending = new Uint32Array(slots);
    this.#pending.set(pending);
    this.#dependents = new Int32Array(slots).fill(-1);
    this.#dependents.set(dependents);
  }
}
