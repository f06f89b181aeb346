import {
  classifyValue,
  type Elements,
  elementsOf,
  type Ether,
  type Value,
  type ValueMap,
} from "@proj/ether-codecs";
import { MISSING_TEXT } from "../content/table.js";
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

  /** Adds a table that holds one vector per column. Unequal columns count up to the shortest. */
  addColumns(ether: Ether): void {
    const columns = columnsOf(ether);
    const rows = Math.min(...columns.map(({ elements }) => elements.length));
    if (!Number.isFinite(rows)) return;
    this.#rows += rows;
    const numeric = columns.filter(({ texts }) => texts === undefined);
    this.#grouped ??= numeric[0]?.name;
    for (const { name, elements } of numeric) {
      const statistics = this.#numberColumn(name);
      if (statistics === undefined) continue;
      for (let i = 0; i < rows; i++) statistics.push(Number(elements[i]));
    }
    const grouped = numeric.find(({ name }) => name === this.#grouped)?.elements;
    for (const { name, elements, texts } of columns) {
      if (texts === undefined) continue;
      const statistics = this.#textColumn(name);
      if (statistics === undefined) continue;
      for (let i = 0; i < rows; i++) {
        const code = Number(elements[i]);
        const text = code === MISSING_TEXT ? null : (texts[code] ?? null);
        statistics.push(text, grouped === undefined ? Number.NaN : Number(grouped[i]));
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
  readonly elements: Elements;
  /** Of a text column, whose elements are codes. */
  readonly texts: readonly string[] | undefined;
}

function columnsOf(ether: Ether): readonly ReadColumn[] {
  const extra = classifyValue(ether.extraFields["dictionaries"]);
  const dictionaries = extra?.kind === "map" ? extra.value : {};
  const columns: ReadColumn[] = [];
  for (const [name, value] of Object.entries(ether.payload)) {
    const elements = value === undefined ? undefined : numbersOf(value);
    if (elements === undefined) continue;
    const texts = Object.hasOwn(dictionaries, name) ? dictionaries[name] : undefined;
    columns.push({ name, elements, texts: isTextList(texts) ? texts : undefined });
  }
  return columns;
}

// A codec without vectors, such as JSON, gives a list of numbers back; a missing number is null there.
function numbersOf(value: Value): Elements | undefined {
  const elements = elementsOf(value);
  if (elements !== undefined) return elements;
  if (!Array.isArray(value) || value.some((item) => typeof item === "object" && item !== null))
    return undefined;
  return value.map((item) => (item === null ? Number.NaN : Number(item)));
}

function isTextList(value: Value | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
