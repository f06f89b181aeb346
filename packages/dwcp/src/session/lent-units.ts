import type { FlyingUnit } from "../transfer/outgoing-unit.js";
import type { UnitMemory } from "../transfer/unit-memory.js";
import type { NackReason } from "../wire/transfer-messages.js";

/** The copies of units that the peer reads from memory, and where they lie. spec/dwcp.md B14 */
export class LentUnits {
  /** Where the peer reads from, once it can. */
  memory: UnitMemory | undefined;
  readonly #places = new Map<FlyingUnit, number>();

  /** Lends a copy; `undefined` when it goes by its stream. */
  lend(flying: FlyingUnit): number | undefined {
    const offset = this.memory?.lend(flying.unit.body.encoded);
    if (offset !== undefined) this.#places.set(flying, offset);
    return offset;
  }

  /** The peer refused a copy: if what it read was not what was lent, or it could not read, nothing more is lent. */
  refused(flying: FlyingUnit, reason: NackReason): void {
    if (reason === "CRC" && this.#places.has(flying)) this.memory?.failed();
  }

  /** A copy landed one way or another. Harmless for one that was not lent. */
  takeBack(flying: FlyingUnit): void {
    const offset = this.#places.get(flying);
    if (offset === undefined) return;
    this.#places.delete(flying);
    this.memory?.giveBack(offset);
  }
}
