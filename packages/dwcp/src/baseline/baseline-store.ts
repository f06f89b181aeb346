import type { Clock } from "@proj/wire-types";
import type { ByteSource } from "../hde/byte-source.js";
import { type BaselineLimits, resolveBaselineLimits } from "./baseline-limits.js";

/** A state that both sides know, or may come to know. spec/dwcp.md B12 */
export interface Baseline {
  /** Its content id, in hexadecimal. */
  readonly id: string;
  /** What the object is called. */
  readonly key: string;
  /** Rises with every state of the object. */
  readonly generation: number;
  /** In bytes. */
  readonly length: number;
  /** How many deltas lead to it from a state that came whole: 1 for one that came whole itself. */
  readonly chainLength: number;
  /** Where its bytes are counted. */
  readonly place: "memory" | "disk";
  /** Where its bytes are read. */
  readonly source: ByteSource;
}

/** What {@link BaselineStore.add} takes. */
export interface NewBaseline {
  /** Its content id, in hexadecimal, checked against the bytes by the caller. */
  readonly id: string;
  /** What the object is called. */
  readonly key: string;
  /** Rises with every state of the object. */
  readonly generation: number;
  /** Where its bytes lie: what its budget is. */
  readonly place: "memory" | "disk";
  /** Where its bytes are read. */
  readonly source: ByteSource;
  /** The baseline it was sent against. */
  readonly baseId?: string | undefined;
}

/** Keeps a baseline from being pruned until it is released. Releasing twice does no harm. */
export interface BaselinePin {
  /** What is kept. */
  readonly baseline: Baseline;
  /** Ends the hold; twice does no harm. */
  release(): void;
}

interface Entry {
  readonly baseline: Baseline;
  readonly createdUs: number;
  // When the chain that it ends last began with a whole state.
  readonly rootUs: number;
  usedUs: number;
  pins: number;
}

/**
 * Knows baselines by content id, and which of them to keep.
 *
 * Nothing is promoted before COMMITTED: {@link BaselineStore.add} at the receiver when it sends it,
 * {@link BaselineStore.remember} at the sender when it
 * sees it. What is pinned is never pruned, so budgets are kept by the rest.
 *
 * @see spec/dwcp.md B12
 */
export class BaselineStore {
  readonly #clock: Clock;
  readonly #limits: BaselineLimits;
  readonly #onRemoved: (baseline: Baseline) => void;
  readonly #entries = new Map<string, Entry>();
  // (peer, key) to the id that the peer has committed last.
  readonly #peers = new Map<string, string>();

  /** `onRemoved` is told of every baseline that goes, so that its file can go too. */
  constructor(
    clock: Clock,
    limits?: Partial<BaselineLimits>,
    onRemoved: (baseline: Baseline) => void = () => {},
  ) {
    this.#clock = clock;
    this.#limits = resolveBaselineLimits(limits);
    this.#onRemoved = onRemoved;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of the baselines in `place`. */
  bytesIn(place: "memory" | "disk"): number {
    let bytes = 0;
    for (const { baseline } of this.#entries.values()) {
      if (baseline.place === place) bytes += baseline.length;
    }
    return bytes;
  }

  /** Takes a committed state, and prunes to make room. One that is known already keeps its place. */
  add(fresh: NewBaseline): Baseline {
    const now = this.#clock.nowUs();
    const known = this.#entries.get(fresh.id);
    if (known !== undefined) {
      known.usedUs = now;
      return known.baseline;
    }
    const base = fresh.baseId === undefined ? undefined : this.#entries.get(fresh.baseId);
    const baseline: Baseline = {
      id: fresh.id,
      key: fresh.key,
      generation: fresh.generation,
      length: fresh.source.length,
      chainLength: base === undefined ? 1 : base.baseline.chainLength + 1,
      place: fresh.place,
      source: fresh.source,
    };
    const rootUs = base?.rootUs ?? now;
    this.#entries.set(fresh.id, { baseline, createdUs: now, rootUs, usedUs: now, pins: 0 });
    this.prune();
    return baseline;
  }

  /** Notes that `peer` has committed this state of `key`: the next one can be sent against it, while it is here too. */
  remember(peer: string, key: string, id: string): void {
    if (this.#entries.has(id)) this.#peers.set(peerKey(peer, key), id);
    else this.#peers.delete(peerKey(peer, key));
  }

  /**
   * Gives what the next state of `key` may be sent against to `peer`; `undefined` means whole: nothing is there, the chain is
   * at its limit, or it is too old.
   */
  usableFor(peer: string, key: string): Baseline | undefined {
    const id = this.#peers.get(peerKey(peer, key));
    const entry = id === undefined ? undefined : this.#entries.get(id);
    return entry === undefined || this.#isSpent(entry) ? undefined : entry.baseline;
  }

  /**
   * Gives the newest state of `key`, for a peer of which it is not known what it has: ACCEPT will tell. `undefined` means whole,
   * as in {@link BaselineStore.usableFor}.
   */
  newestOf(key: string): Baseline | undefined {
    let newest: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.baseline.key !== key) continue;
      if (newest === undefined || entry.baseline.generation >= newest.baseline.generation) {
        newest = entry;
      }
    }
    return newest === undefined || this.#isSpent(newest) ? undefined : newest.baseline;
  }

  /** Notes that `peer` no longer has these states. */
  forgetAt(peer: string, ids: readonly string[]): void {
    const gone = new Set(ids);
    for (const [key, id] of this.#peers) {
      if (gone.has(id) && peerOfKey(key) === peer) this.#peers.delete(key);
    }
  }

  /** Gives a baseline by its id, and notes that it was used. */
  get(id: string): Baseline | undefined {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.usedUs = this.#clock.nowUs();
    return entry?.baseline;
  }

  /** Gives a baseline and keeps it until the pin is released: what a running transfer does. */
  pin(id: string): BaselinePin | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    entry.pins++;
    entry.usedUs = this.#clock.nowUs();
    let isHeld = true;
    return {
      baseline: entry.baseline,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.pins--;
      },
    };
  }

  /** Sorts ids into those that are there and those that are not: the answer to BASELINE_QUERY. */
  query(ids: readonly string[]): {
    readonly present: readonly string[];
    readonly missing: readonly string[];
  } {
    return {
      present: ids.filter((id) => this.#entries.has(id)),
      missing: ids.filter((id) => !this.#entries.has(id)),
    };
  }

  /** Forgets a baseline. One that is in use, or not there, stays as it is: false. */
  drop(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.pins > 0) return false;
    this.#remove(entry);
    return true;
  }

  /** Removes what is too old, then what was used longest ago until the budgets hold; gives what went. */
  prune(): readonly Baseline[] {
    const removed: Baseline[] = [];
    const oldest = this.#clock.nowUs() - this.#limits.maxBaselineAgeMs * 1_000;
    for (const entry of this.#entries.values()) {
      if (entry.pins === 0 && entry.createdUs < oldest) removed.push(this.#remove(entry));
    }
    // Insertion order breaks ties, so that what was just added is the last to go.
    const byUse = [...this.#entries.values()].toSorted((a, b) => a.usedUs - b.usedUs);
    const bytes = { memory: this.bytesIn("memory"), disk: this.bytesIn("disk") };
    for (const entry of byUse) {
      const { place, length } = entry.baseline;
      const isOver =
        bytes[place] > this.#budget(place) || this.#entries.size > this.#limits.maxBaselines;
      if (entry.pins > 0 || !isOver) continue;
      bytes[place] -= length;
      removed.push(this.#remove(entry));
    }
    return removed;
  }

  /** Every baseline, with what pruning goes by, for people to look at. */
  list(): readonly (Baseline & { readonly pins: number; readonly usedUs: number })[] {
    return [...this.#entries.values()].map(({ baseline, pins, usedUs }) => ({
      ...baseline,
      pins,
      usedUs,
    }));
  }

  // A chain at its limit, or one that began too long ago, ends: the next state goes whole.
  #isSpent({ baseline, rootUs }: Entry): boolean {
    const { maxDeltaChain, baselineIntervalMs } = this.#limits;
    if (baseline.chainLength > maxDeltaChain) return true;
    return this.#clock.nowUs() - rootUs >= baselineIntervalMs * 1_000;
  }

  #budget(place: "memory" | "disk"): number {
    const { baselineMemoryBytes, baselineDiskBytes } = this.#limits;
    return place === "memory" ? baselineMemoryBytes : baselineDiskBytes;
  }

  #remove(entry: Entry): Baseline {
    const { baseline } = entry;
    this.#entries.delete(baseline.id);
    for (const [key, id] of this.#peers) if (id === baseline.id) this.#peers.delete(key);
    this.#onRemoved(baseline);
    return baseline;
  }
}

function peerKey(peer: string, key: string): string {
  return JSON.stringify([peer, key]);
}

function peerOfKey(key: string): string {
  return (JSON.parse(key) as readonly string[])[0] ?? "";
}
