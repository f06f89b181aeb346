import { EtherError } from "../errors.js";
import type { EtherLimits } from "../limits.js";

/** What reading one body may cost: values that take no bytes of it are counted too. */
export class ReadContext {
  /** The limits of the body. */
  readonly limits: EtherLimits;
  #values: number;

  /** Starts with all of `limits.maxValues` left. */
  constructor(limits: EtherLimits) {
    this.limits = limits;
    this.#values = limits.maxValues;
  }

  /** Counts values that are about to be made. @throws EtherError `ether.too_large` */
  spend(values: number): void {
    this.#values -= values;
    if (this.#values < 0) {
      throw new EtherError(
        "ether.too_large",
        `ARROW_IPC: more than ${this.limits.maxValues} values`,
      );
    }
  }
}
