import { sameMemory, type StreamLayout } from "./announce.js";

/** What a reader of a stream has to do after an announce. */
export type MappingAction =
  /** Map these regions, all or none, and then say whether it went well. */
  | { readonly kind: "map"; readonly layout: StreamLayout }
  /** Give up what is mapped. */
  | { readonly kind: "unmap"; readonly reason: UnmapReason }
  /** Nothing. */
  | { readonly kind: "none"; readonly why: "fresh" | "stale" | "older" | "beforeJoin" | "refused" };

/** Why a stream is no longer mapped. */
export type UnmapReason = "newEpoch" | "changedLayout" | "producerSilent" | "leaseLost";

/** Announces that may be missed before a producer counts as silent. spec/tensor-pool.md §7, §9 */
const PERIODS = 3n;

/** How a mapping judges announces. */
export interface MappingOptions {
  /** How often a stream is announced, in nanoseconds; by default a second. */
  readonly announcePeriodNs?: bigint;
  /** When this reader joined, in monotonic nanoseconds: older announces are an echo of the past. */
  readonly joinTimeNs: bigint;
}

/**
 * Decides from announces when the regions of a stream are mapped and unmapped. spec/tensor-pool.md §7
 *
 * ```
 *   unmapped ──announce──▶ mapping(E) ──mapped()──▶ mapped(E)
 *      ▲                       │ failed()              │ higher epoch · other layout · silence · lease lost
 *      └───────────────────────┴───────────────────────┘
 * ```
 */
export class StreamMapping {
  readonly #periodNs: bigint;
  readonly #joinTimeNs: bigint;
  #layout: StreamLayout | undefined;
  #mapped = false;
  #minEpoch = 0n;
  #lastAnnounceNs = 0n;

  /** Starts unmapped. */
  constructor(options: MappingOptions) {
    this.#periodNs = options.announcePeriodNs ?? 1_000_000_000n;
    this.#joinTimeNs = options.joinTimeNs;
  }

  /** What is mapped or being mapped. */
  get layout(): StreamLayout | undefined {
    return this.#layout;
  }

  /** Whether it is mapped. */
  get isMapped(): boolean {
    return this.#mapped;
  }

  /** Takes an announce; `nowNs` is of the clock that the layout names, `monotonicNs` of this machine. */
  announced(layout: StreamLayout, nowNs: bigint, monotonicNs: bigint): MappingAction {
    const ageNs = nowNs - layout.announceTimestampNs;
    const limitNs = PERIODS * this.#periodNs;
    if (ageNs > limitNs || ageNs < -limitNs) return { kind: "none", why: "stale" };
    if (layout.clock === "monotonic" && layout.announceTimestampNs < this.#joinTimeNs) {
      return { kind: "none", why: "beforeJoin" };
    }
    if (layout.epoch < this.#minEpoch) return { kind: "none", why: "older" };
    const current = this.#layout;
    if (current === undefined) return this.#start(layout, monotonicNs);
    if (layout.epoch < current.epoch) return { kind: "none", why: "older" };
    if (layout.epoch > current.epoch) return this.#start(layout, monotonicNs);
    if (!sameMemory(layout, current)) {
      // One generation has one layout: whoever announces another is not to be believed until the next.
      this.#minEpoch = current.epoch + 1n;
      return this.#forget("changedLayout");
    }
    this.#lastAnnounceNs = monotonicNs;
    return { kind: "none", why: this.#mapped ? "fresh" : "refused" };
  }

  /** Notes that the regions were mapped. */
  mapped(): void {
    this.#mapped = true;
  }

  /** Notes that mapping failed; the next announce tries again. */
  failed(): void {
    this.#layout = undefined;
    this.#mapped = false;
  }

  /** Takes the time, and when the superblocks were last touched: both silent means that the producer is dead. */
  tick(monotonicNs: bigint, activityNs: bigint): MappingAction {
    const limitNs = PERIODS * this.#periodNs;
    const silent =
      monotonicNs - this.#lastAnnounceNs > limitNs && monotonicNs - activityNs > limitNs;
    if (!this.#mapped || !silent) return { kind: "none", why: "fresh" };
    return this.#forget("producerSilent");
  }

  /** Gives the mapping up: the numbers of frames went back, or the lease is lost. A higher epoch maps again. */
  abandon(): MappingAction {
    if (this.#layout !== undefined) this.#minEpoch = this.#layout.epoch + 1n;
    return this.#forget("leaseLost");
  }

  #start(layout: StreamLayout, monotonicNs: bigint): MappingAction {
    this.#layout = layout;
    this.#mapped = false;
    this.#lastAnnounceNs = monotonicNs;
    return { kind: "map", layout };
  }

  #forget(reason: UnmapReason): MappingAction {
    this.#layout = undefined;
    this.#mapped = false;
    return { kind: "unmap", reason };
  }
}
