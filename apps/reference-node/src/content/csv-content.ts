import { Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { cellType, type ColumnType, columnOf, widen } from "./column-type.js";
import { type Content, ContentError, type ContentOptions, type ContentPart } from "./content.js";
import type { Source } from "./source.js";
import { type Column, TABLE_KIND, tableEther } from "./table.js";

/** Rows that decide what a column is, before the first part leaves. */
const SAMPLE_ROWS = 10_000;
/** The longest record: a forgotten quote would otherwise gather the rest of the file. */
const MAX_RECORD_BYTES = 1_048_576;

/**
 * A CSV or TSV file with a header line as table Ethers, read as a stream.
 *
 * Types come from the first {@link SAMPLE_ROWS} rows; a later cell that does not fit widens its column from that
 * part on, which is noted.
 */
export function csvContent(source: Source, options: ContentOptions): Content {
  const notes: string[] = [];
  return { kind: TABLE_KIND, totalBytes: source.size, parts: parts(source, options, notes), notes };
}

async function* parts(
  source: Source,
  options: ContentOptions,
  notes: string[],
): AsyncGenerator<ContentPart> {
  const parser = Readable.from(source.stream()).pipe(
    parse({
      bom: true,
      delimiter: delimiterOf(source),
      skip_empty_lines: true,
      max_record_size: MAX_RECORD_BYTES,
    }),
  );
  const rows = new RowGatherer(options.partBytes, notes);
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      const done = rows.push(record);
      if (done !== undefined) yield { ethers: [tableEther(done)], sourceBytes: parser.info.bytes };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new ContentError(
      `${source.name}: ${error.message}`,
      "correct the line, or send the file with --as text",
    );
  }
  const rest = rows.finish();
  if (rest === undefined) {
    throw new ContentError(
      `${source.name} holds no rows`,
      "send a table with a header line and rows",
    );
  }
  if (rest.size > 0) yield { ethers: [tableEther(rest)], sourceBytes: parser.info.bytes };
}

// Gathers rows until a part is full and decides the type of each column.
class RowGatherer {
  readonly #partBytes: number;
  readonly #notes: string[];
  #names: readonly string[] | undefined;
  #cells: string[][] = [];
  #types: (ColumnType | undefined)[] = [];
  #bytes = 0;
  #rows = 0;
  #sent = 0;

  constructor(partBytes: number, notes: string[]) {
    this.#partBytes = partBytes;
    this.#notes = notes;
  }

  /** Takes a record; returns a part when one is full. */
  push(record: readonly string[]): ReadonlyMap<string, Column> | undefined {
    if (this.#names === undefined) {
      this.#names = uniqueNames(record);
      this.#reset();
      return undefined;
    }
    for (const [i, column] of this.#cells.entries()) {
      const cell = (record[i] ?? "").trim();
      column.push(cell);
      this.#bytes += cell.length + 2;
    }
    this.#rows++;
    const full = this.#bytes >= this.#partBytes && (this.#sent > 0 || this.#rows >= SAMPLE_ROWS);
    // However wide the rows are, the sample must not grow beyond a few parts.
    return full || this.#bytes >= 4 * this.#partBytes ? this.#take() : undefined;
  }

  /** The last part: empty when nothing is left, `undefined` when there never was a row. */
  finish(): ReadonlyMap<string, Column> | undefined {
    if (this.#rows > 0) return this.#take();
    return this.#sent > 0 ? new Map() : undefined;
  }

  #take(): ReadonlyMap<string, Column> {
    const columns = new Map<string, Column>();
    for (const [i, name] of (this.#names ?? []).entries()) {
      const cells = this.#cells[i] ?? [];
      const before = this.#types[i];
      let type = before;
      for (const cell of cells) type = widen(type, cellType(cell));
      if (before !== undefined && type !== before) {
        this.#notes.push(`${name}: ${before} became ${type} after row ${this.#sent}`);
      }
      this.#types[i] = type;
      columns.set(name, columnOf(type ?? "text", cells));
    }
    this.#sent += this.#rows;
    this.#reset();
    return columns;
  }

  #reset(): void {
    this.#cells = (this.#names ?? []).map(() => []);
    this.#bytes = 0;
    this.#rows = 0;
  }
}

// Tab-separated files are recognised by name, or by a first line that has tabs and no commas.
function delimiterOf(source: Source): string {
  if (source.extension === ".tsv") return "\t";
  const firstLine = new TextDecoder().decode(source.head).split("\n")[0] ?? "";
  if (firstLine.includes(",")) return ",";
  return firstLine.includes("\t") ? "\t" : firstLine.includes(";") ? ";" : ",";
}

function uniqueNames(record: readonly string[]): readonly string[] {
  const names: string[] = [];
  for (const [i, cell] of record.entries()) {
    const base = cell.trim() === "" ? `column_${i + 1}` : cell.trim();
    let name = base;
    for (let k = 2; names.includes(name); k++) name = `${base}_${k}`;
    names.push(name);
  }
  return names;
}
