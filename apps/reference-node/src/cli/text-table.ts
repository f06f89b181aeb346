/** How a table looks. */
export interface TableOptions {
  /** Columns, by index, whose cells end at the same place: numbers. */
  readonly right?: readonly number[];
}

/** Formats rows as columns of text, each as wide as its longest cell. */
export function formatTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, i) => {
        const cell = row[i] ?? "";
        return options.right?.includes(i) === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return `${[line(heads), rule, ...rows.map(line)].join("\n")}\n`;
}
