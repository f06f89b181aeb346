import { type ColumnType, columnOf, widen } from "./column-type.js";
import { type Content, ContentError, type ContentOptions, type ContentPart } from "./content.js";
import type { Source } from "./source.js";
import { type Column, TABLE_KIND, tableEther } from "./table.js";

type Row = Readonly<Record<string, unknown>>;

/** JSON texts above this are not turned into tables: they are parsed as a whole. */
const MAX_JSON_TABLE_BYTES = 256 * 1024 * 1024;

/** A JSON array of flat objects as table Ethers: one column per member. */
export function jsonTableContent(source: Source, options: ContentOptions): Content {
  async function* parts(): AsyncGenerator<ContentPart> {
    const bytes = await source.whole(MAX_JSON_TABLE_BYTES);
    const rows = parseRows(source.name, bytes);
    const perPart = Math.max(1, Math.floor((options.partBytes * rows.length) / bytes.length));
    for (let at = 0; at < rows.length; at += perPart) {
      const columns = columnsOfRows(rows.slice(at, at + perPart));
      const done = Math.min(1, (at + perPart) / rows.length);
      yield { ethers: [tableEther(columns)], sourceBytes: Math.round(bytes.length * done) };
    }
  }
  return { kind: TABLE_KIND, totalBytes: source.size, parts: parts(), notes: [] };
}

/** Turns flat objects into columns; a member that is missing in some rows is missing there. */
export function columnsOfRows(rows: readonly Row[]): ReadonlyMap<string, Column> {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return new Map([...names].map((name) => [name, columnOfMember(rows, name)]));
}

function columnOfMember(rows: readonly Row[], name: string): Column {
  let type: ColumnType | undefined;
  for (const row of rows) type = widen(type, memberType(row[name]));
  return columnOf(
    type ?? "text",
    rows.map((row) => cellText(row[name])),
  );
}

function memberType(value: unknown): ColumnType | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "number") return "text";
  return Number.isSafeInteger(value) ? "integer" : "number";
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parseRows(name: string, bytes: Uint8Array): readonly Row[] {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ContentError(`${name} is not JSON: ${(error as Error).message}`, "correct it");
  }
  const isRow = (value: unknown): value is Row =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!Array.isArray(document) || document.length === 0 || !document.every(isRow)) {
    throw new ContentError(`${name} is not a list of objects`, "send it with --as json");
  }
  return document;
}
