import type { PacketHeader } from "../wire/packet-header.js";
import type { PacketBatch } from "./packet-batch.js";
import { type ControlKey, controlKeyOf, type ControlKeySource } from "./packet-protection.js";

/** How far ahead of the current key a packet's key may be. spec/dcquic.md §7.3 */
const MAX_KEYS_AHEAD = 8;
const DERIVATIONS_PER_SECOND = 64;
const SECOND_US = 1_000_000;
const MIN_PREVIOUS_KEPT_US = 1_000_000;

/** What became of a packet. */
export type OpenVerdict =
  /** It is authentic, and its payload was decrypted in place. */
  | "opened"
  /** Its tag does not verify, or its key cannot be tried now. */
  | "failed"
  /** Its key is retired: answer with STALE_KEY. */
  | "staleKey";

/** Allows so many speculative derivations per second, per path. §7.3 */
export class DerivationBudget {
  #left = DERIVATIONS_PER_SECOND;
  #sinceUs = Number.NEGATIVE_INFINITY;

  /** Takes one, or returns `false`. */
  take(nowUs: number): boolean {
    if (nowUs - this.#sinceUs >= SECOND_US) {
      this.#sinceUs = nowUs;
      this.#left = DERIVATIONS_PER_SECOND;
    }
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}

/**
 * Opens the packets of one worker of the peer and follows its rotations, which nobody announces.
 *
 * A later key is derived on demand and adopted once a packet verified under it; the key before stays usable for a while.
 *
 * @see spec/dcquic.md §7.3
 */
export class ReceiveKeys {
  readonly #source: ControlKeySource;
  readonly #budget: DerivationBudget;
  #current: ControlKey;
  #previous: ControlKey | undefined;
  #previousUntilUs = 0;
  #candidate: ControlKey | undefined;
  #lowest = 0;

  /** `budget` is shared by all workers of the path. */
  constructor(source: ControlKeySource, budget: DerivationBudget, keyId = 0) {
    this.#source = source;
    this.#budget = budget;
    this.#current = controlKeyOf(source, keyId);
    this.#lowest = keyId;
  }

  /** The latest key under which a packet verified. */
  get keyId(): number {
    return this.#current.keyId;
  }

  /** The lowest key id that is still accepted. */
  get minKeyId(): number {
    return this.#lowest;
  }

  /**
   * Has a packet under the current key opened in place with others. Returns its ticket, or -1 for a packet that
   * {@link ReceiveKeys.open} must decide on.
   */
  openLater(
    batch: PacketBatch,
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    header: PacketHeader,
  ): number {
    if (header.keyId !== this.#current.keyId) return -1;
    return this.#current.openLater(batch, bytes, view, offset, header);
  }

  /**
   * Has `count` packets opened that are like the one before but for their numbers. Returns the ticket of the first, or -1 where they
   * have to be described whole.
   */
  openNext(batch: PacketBatch, header: PacketHeader, strideBytes: number, count: number): number {
    if (header.keyId !== this.#current.keyId) return -1;
    return this.#current.openNext(batch, header, strideBytes, count);
  }

  /** Opens a packet in place; `ptoUs` is the path's current PTO. */
  open(
    nowUs: number,
    ptoUs: number,
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    header: PacketHeader,
  ): OpenVerdict {
    this.#forgetPrevious(nowUs);
    const { keyId } = header;
    if (keyId === this.#current.keyId) {
      return this.#current.open(bytes, view, offset, header) ? "opened" : "failed";
    }
    if (keyId < this.#lowest) return "staleKey";
    if (keyId === this.#previous?.keyId) {
      return this.#previous.open(bytes, view, offset, header) ? "opened" : "failed";
    }
    if (keyId < this.#current.keyId) return "staleKey";
    if (keyId > this.#current.keyId + MAX_KEYS_AHEAD) return "failed";
    const next = this.#candidateFor(nowUs, keyId);
    if (next === undefined || !next.open(bytes, view, offset, header)) return "failed";
    this.#adopt(nowUs, ptoUs, next);
    return "opened";
  }

  /** Obeys an authenticated RETIRE_CONTROL_KEY: keys up to `keyId` are accepted no more. The current one stays. */
  retire(keyId: number): void {
    this.#lowest = Math.max(this.#lowest, Math.min(keyId + 1, this.#current.keyId));
    if (this.#previous !== undefined && this.#previous.keyId < this.#lowest) {
      this.#previous = undefined;
    }
  }

  #candidateFor(nowUs: number, keyId: number): ControlKey | undefined {
    if (this.#candidate?.keyId === keyId) return this.#candidate;
    if (!this.#budget.take(nowUs)) return undefined;
    this.#candidate = controlKeyOf(this.#source, keyId);
    return this.#candidate;
  }

  #adopt(nowUs: number, ptoUs: number, next: ControlKey): void {
    this.#previous = this.#current;
    this.#previousUntilUs = nowUs + Math.max(3 * ptoUs, MIN_PREVIOUS_KEPT_US);
    this.#current = next;
    this.#candidate = undefined;
    this.#lowest = Math.max(this.#lowest, this.#previous.keyId);
  }

  #forgetPrevious(nowUs: number): void {
    if (this.#previous === undefined || nowUs < this.#previousUntilUs) return;
    this.#previous = undefined;
    this.#lowest = this.#current.keyId;
  }
}
