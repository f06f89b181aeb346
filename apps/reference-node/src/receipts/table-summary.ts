import {
  classifyValue,
  type Elements,
  elementsOf,
  type Ether,
  type Value,
  type ValueMap,
} from "@proj/ether-codecs";
import { NumberStatistics, TextStatistics } from "./column-statistics.js";

/** Columns that are summed up; a table with more says so. */
const MAX_COLUMNS = 256;
/** Text columns that are grouped; the rest is only counted as columns. */
const MAX_TEXT_COLUMNS = 4;

/** Row count, means and per-group means of tables, over any number of Ethers. */
export class TableSummary {
  readonly #numbers = new Map<string, NumberStatistics>();
  readonly #texts = new Map<string, TextStatistics>();
  #rows = 0;
  #skipped = 0;
  #grouped: string | undefined;

  /** Adds a table that holds one vector or list per column. Unequal columns count up to the shortest. */
  addColumns(ether: Ether): void {
    const columns = columnsOf(ether);
    const rows = Math.min(...columns.map(({ rows: length }) => length));
    if (!Number.isFinite(rows)) return;
    this.#rows += rows;
    this.#grouped ??= columns.find(({ numbers }) => numbers !== undefined)?.name;
    const grouped = columns.find(({ name }) => name === this.#grouped)?.numbers;
    for (const { name, numbers, textAt } of columns) {
      if (numbers !== undefined) {
        const statistics = this.#numberColumn(name);
        if (statistics === undefined) continue;
        for (let i = 0; i < rows; i++) statistics.push(Number(numbers[i]));
      } else if (textAt !== undefined) {
        const statistics = this.#textColumn(name);
        if (statistics === undefined) continue;
        for (let i = 0; i < rows; i++) {
          statistics.push(textAt(i), grouped === undefined ? Number.NaN : Number(grouped[i]));
        }
      }
    }
  }

  /** Adds a batch that holds one Ether per row. */
  addRows(ethers: readonly Ether[]): void {
    this.#rows += ethers.length;
    const first = ethers[0]?.payload ?? {};
    this.#grouped ??= Object.keys(first).find((key) => typeof first[key] === "number");
    for (const { payload } of ethers) this.#addRow(payload);
  }

  /** `rows` and `columns`. */
  result(): Record<string, Value> {
    const columns = Object.create(null) as Record<string, Value>;
    for (const [name, statistics] of this.#numbers) columns[name] = statistics.result();
    for (const [name, statistics] of this.#texts) columns[name] = statistics.result(this.#grouped);
    const skipped = this.#skipped === 0 ? {} : { columns_not_summed_up: this.#skipped };
    return { rows: this.#rows, columns, ...skipped };
  }

  #addRow(payload: ValueMap): void {
    const grouped = this.#grouped === undefined ? undefined : payload[this.#grouped];
    for (const [name, value] of Object.entries(payload)) {
      if (typeof value === "number" || typeof value === "bigint") {
        this.#numberColumn(name)?.push(Number(value));
      } else if (typeof value === "string") {
        this.#textColumn(name)?.push(value, typeof grouped === "number" ? grouped : Number.NaN);
      }
    }
  }

  #numberColumn(name: string): NumberStatistics | undefined {
    return this.#column(this.#numbers, name, MAX_COLUMNS, () => new NumberStatistics());
  }

  #textColumn(name: string): TextStatistics | undefined {
    return this.#column(this.#texts, name, MAX_TEXT_COLUMNS, () => new TextStatistics());
  }

  #column<T>(columns: Map<string, T>, name: string, most: number, make: () => T): T | undefined {
    const known = columns.get(name);
    if (known !== undefined) return known;
    if (columns.size >= most) {
      this.#skipped++;
      return undefined;
    }
    const made = make();
    columns.set(name, made);
    return made;
  }
}

interface ReadColumn {
  readonly name: string;
  readonly rows: number;
  readonly numbers?: Elements;
  readonly textAt?: (row: number) => string | null;
}

function columnsOf(ether: Ether): readonly ReadColumn[] {
  const extra = classifyValue(ether.extraFields["dictionaries"]);
  const dictionaries = extra?.kind === "map" ? extra.value : {};
  return Object.entries(ether.payload).flatMap(([name, value]) => {
    const texts = Object.hasOwn(dictionaries, name) ? dictionaries[name] : undefined;
    const column = columnOf(name, value, isList(texts, isText) ? texts : undefined);
    return column === undefined ? [] : [column];
  });
}

// A codec without vectors gives lists of numbers back; a foreign peer sends lists of texts as such.
function columnOf(
  name: string,
  value: Value,
  texts: readonly string[] | undefined,
): ReadColumn | undefined {
  if (isList(value, isTextOrNull))
    return { name, rows: value.length, textAt: (i) => value[i] ?? null };
  const elements = elementsOf(value);
  const list = isList(value, isNumberOrNull) ? value : undefined;
  const numbers = elements ?? list?.map((item) => (item === null ? Number.NaN : Number(item)));
  if (numbers === undefined) return undefined;
  const rows = numbers.length;
  if (texts === undefined) return { name, rows, numbers };
  return { name, rows, textAt: (i) => texts[Number(numbers[i])] ?? null };
}

function isList<T extends Value>(
  value: Value | undefined,
  isItem: (item: Value) => item is T,
): value is readonly T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isText(value: Value): value is string {
  return typeof value === "string";
}

function isTextOrNull(value: Value): value is string | null {
  return value === null || typeof value === "string";
}

function isNumberOrNull(value: Value): value is number | bigint | boolean | null {
  return value === null || ["number", "bigint", "boolean"].includes(typeof value);
}
