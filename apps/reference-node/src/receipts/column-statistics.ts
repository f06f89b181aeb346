import type { Value } from "@proj/ether-codecs";

/** Numbers of one column or tensor. NaN counts as missing. */
export class NumberStatistics {
  #count = 0;
  #missing = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** Adds one number. */
  push(value: number): void {
    if (Number.isNaN(value)) {
      this.#missing++;
      return;
    }
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Adds a row without a value. */
  pushMissing(): void {
    this.#missing++;
  }

  /** `count`, `missing`, and with at least one finite value `mean`, `min`, `max`. */
  result(): Record<string, Value> {
    const counts = { count: this.#count, missing: this.#missing };
    const mean = this.#sum / this.#count;
    // An Ether carries no infinite scalar. spec/xcp.md §13
    if (!Number.isFinite(mean) || !Number.isFinite(this.#max - this.#min)) return counts;
    return { ...counts, mean, min: this.#min, max: this.#max };
  }
}

/** Distinct texts that are counted; a column with more only tells that it has more. */
const MAX_DISTINCT = 4096;
/** Longer texts are told apart by this many first characters. */
const MAX_TEXT = 64;
/** Groups that a result lists. */
const LISTED_GROUPS = 5;

interface Group {
  rows: number;
  sum: number;
  numbers: number;
}

/** Texts of one column: how many there are, and what a number column is on average for each. */
export class TextStatistics {
  readonly #groups = new Map<string, Group>();
  #rows = 0;
  #missing = 0;
  #overflow = false;

  /** Adds a row; `number` is what the grouped column holds in it, NaN for nothing. */
  push(text: string | null, number: number): void {
    if (text === null) {
      this.#missing++;
      return;
    }
    this.#rows++;
    if (this.#overflow) return;
    const key = text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= MAX_DISTINCT) {
        this.#overflow = true;
        this.#groups.clear();
        return;
      }
      group = { rows: 0, sum: 0, numbers: 0 };
      this.#groups.set(key, group);
    }
    group.rows++;
    if (Number.isNaN(number)) return;
    group.sum += number;
    group.numbers++;
  }

  /** `count`, `missing`, `distinct`, and the most frequent texts with the mean of `grouped` for each. */
  result(grouped: string | undefined): Record<string, Value> {
    const counts = { count: this.#rows, missing: this.#missing };
    if (this.#overflow) return { ...counts, more_distinct_than: MAX_DISTINCT };
    const top = [...this.#groups]
      .toSorted(([a, x], [b, y]) => y.rows - x.rows || (a < b ? -1 : 1))
      .slice(0, LISTED_GROUPS)
      .map(([text, group]): Value => {
        const mean = group.sum / group.numbers;
        const told = grouped !== undefined && Number.isFinite(mean);
        return {
          text: text.toWellFormed(),
          rows: group.rows,
          ...(told ? { [`mean ${grouped}`]: mean } : {}),
        };
      });
    return { ...counts, distinct: this.#groups.size, top };
  }
}
