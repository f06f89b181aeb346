import { type Column, TextColumnBuilder } from "./table.js";

/** What the texts of a column can be read as, narrowest first. */
export type ColumnType = "integer" | "number" | "text";

const widths: readonly ColumnType[] = ["integer", "number", "text"];

/** Texts that stand for a missing value. */
const missing: ReadonlySet<string> = new Set(["", "NA", "N/A", "NaN", "nan", "null", "NULL"]);

const integerText = /^[+-]?\d{1,15}$/;
const numberText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
// A code such as 007 is a name, not the number 7.
const leadingZero = /^[+-]?0\d/;

/** The narrowest type that holds one cell; `undefined` for a missing value, which every type holds. */
export function cellType(text: string): ColumnType | undefined {
  if (missing.has(text)) return undefined;
  if (leadingZero.test(text)) return "text";
  if (integerText.test(text)) return "integer";
  return numberText.test(text) ? "number" : "text";
}

/** The narrowest type that holds both. */
export function widen(
  a: ColumnType | undefined,
  b: ColumnType | undefined,
): ColumnType | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return widths[Math.max(widths.indexOf(a), widths.indexOf(b))];
}

/** Turns the cells of a column into values of `type`, which must hold them all. */
export function columnOf(type: ColumnType, cells: readonly string[]): Column {
  if (type === "text") {
    const text = new TextColumnBuilder();
    for (const cell of cells) text.push(cell === "" ? null : cell);
    return text.build();
  }
  const numbers = Float64Array.from(cells, (cell) =>
    missing.has(cell) ? Number.NaN : Number(cell),
  );
  return type === "integer" ? narrowest(numbers) : numbers;
}

// Whole numbers without a gap take the smallest vector that holds them.
function narrowest(numbers: Float64Array): Column {
  let low = 0;
  let high = 0;
  for (const number of numbers) {
    if (Number.isNaN(number)) return numbers;
    if (number < low) low = number;
    if (number > high) high = number;
  }
  if (low >= -0x8000 && high < 0x8000) return Int16Array.from(numbers);
  return low >= -0x8000_0000 && high < 0x8000_0000 ? Int32Array.from(numbers) : numbers;
}
