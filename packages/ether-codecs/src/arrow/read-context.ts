import { EtherError } from "../errors.js";
import type { EtherLimits } from "../limits.js";
import type { Value } from "../value.js";
import type { ArrowColumn } from "./column.js";

/** Gives the value of a slot, `undefined` for null. */
export type SlotReader = (i: number) => Value | undefined;

/** What reading one body may cost, and what was read of it already. */
export class ReadContext {
  /** The limits of the body. */
  readonly limits: EtherLimits;
  readonly #dictionaries = new Map<ArrowColumn, SlotReader>();
  #values: number;
  #bytes: number;

  /** Starts with all of `maxValues` and `maxBodyBytes` left. */
  constructor(limits: EtherLimits) {
    this.limits = limits;
    this.#values = limits.maxValues;
    this.#bytes = limits.maxBodyBytes;
  }

  /** Counts values that are about to be made. @throws EtherError `ether.too_large` */
  spend(values: number): void {
    this.#values -= values;
    if (this.#values < 0) throw tooLarge(`more than ${this.limits.maxValues} values`);
  }

  /** Counts a value made from JSON text, with all that is in it. @throws EtherError `ether.too_large` */
  spendOn<T extends Value>(value: T): T {
    this.spend(countValues(value));
    return value;
  }

  /** Counts bytes that bits are about to be spread into. @throws EtherError `ether.too_large` */
  spendBytes(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0) throw tooLarge(`more than ${this.limits.maxBodyBytes} bytes`);
  }

  /**
   * Reads a dictionary so that each of its entries is made once, however many indices, columns and batches name it.
   *
   * @param make The reader of the dictionary's own slots.
   */
  readOnce(dictionary: ArrowColumn, make: () => SlotReader): SlotReader {
    const existing = this.#dictionaries.get(dictionary);
    if (existing !== undefined) return existing;
    const read = make();
    const known = new Map<number, Value | undefined>();
    const once: SlotReader = (i) => {
      if (!known.has(i)) known.set(i, read(i));
      return known.get(i);
    };
    this.#dictionaries.set(dictionary, once);
    return once;
  }
}

function countValues(value: Value): number {
  if (Array.isArray(value)) {
    const items: readonly Value[] = value;
    return items.reduce<number>((count, item) => count + countValues(item), 1);
  }
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return 1;
  return Object.values(value).reduce<number>(
    (count, item) => count + countValues(item as Value),
    1,
  );
}

function tooLarge(what: string): EtherError {
  return new EtherError("ether.too_large", `ARROW_IPC: ${what}`);
}
