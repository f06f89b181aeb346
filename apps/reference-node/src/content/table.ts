import { createEther, type Ether, type Value, type VectorValue } from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";

/** Kind of an Ether that holds a table column by column. */
export const TABLE_KIND = "table";

/**
 * A column of text: codes into a list of distinct texts.
 *
 * Travels as a vector of codes in the payload and the texts under `dictionaries` in the extra fields, which every
 * codec carries compactly.
 */
export interface TextColumn {
  /** One index into `texts` per row; {@link MISSING_TEXT} for a missing value. */
  readonly codes: Uint32Array;
  /** Distinct texts. */
  readonly texts: readonly string[];
}

/** The code of a missing text. */
const MISSING_TEXT = 0xffff_ffff;

/** A column: numbers (a missing one is NaN), booleans as bytes of 0 or 1, or text. */
export type Column = VectorValue | { readonly booleans: Uint8Array } | TextColumn;

/** Makes a table Ether. All columns have the same number of rows. */
export function tableEther(columns: ReadonlyMap<string, Column>): Ether {
  const payload: [string, Value][] = [];
  const dictionaries: [string, Value][] = [];
  for (const [name, column] of columns) {
    if (ArrayBuffer.isView(column)) {
      payload.push([name, column]);
    } else if ("booleans" in column) {
      payload.push([name, new TensorView("bool", [column.booleans.length], column.booleans)]);
    } else {
      payload.push([name, column.codes]);
      dictionaries.push([name, column.texts]);
    }
  }
  return createEther({
    kind: TABLE_KIND,
    schemaVersion: 1,
    payload: toMap(payload),
    ...(dictionaries.length === 0
      ? {}
      : { extraFields: toMap([["dictionaries", toMap(dictionaries)]]) }),
  });
}

/** Builds the codes of a text column row by row. */
export class TextColumnBuilder {
  readonly #codes: number[] = [];
  readonly #codeOf = new Map<string, number>();

  /** Adds a row. */
  push(text: string | null): void {
    if (text === null) {
      this.#codes.push(MISSING_TEXT);
      return;
    }
    let code = this.#codeOf.get(text);
    if (code === undefined) {
      code = this.#codeOf.size;
      this.#codeOf.set(text, code);
    }
    this.#codes.push(code);
  }

  /** The column so far. */
  build(): TextColumn {
    return { codes: Uint32Array.from(this.#codes), texts: [...this.#codeOf.keys()] };
  }
}

// A column may be called `__proto__`: a map without prototype keeps it a name like any other.
function toMap(entries: readonly (readonly [string, Value])[]): Record<string, Value> {
  const map = Object.create(null) as Record<string, Value>;
  for (const [key, value] of entries) map[key] = value;
  return map;
}
