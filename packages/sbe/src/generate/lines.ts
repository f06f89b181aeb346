/** Joins pieces of source; nested lists are flattened and `undefined` is left out. */
export type Source = string | undefined | readonly Source[];

/** Returns the text of `source`, each piece on lines of its own, indented by its brackets. */
export function render(source: Source): string {
  let depth = 0;
  const lines: string[] = [];
  for (const line of flatten(source).split("\n")) {
    const text = line.trim();
    if (text === "") continue;
    const closing = /^[)\]}]+/.exec(text)?.[0].length ?? 0;
    lines.push("  ".repeat(Math.max(0, depth - closing)) + text);
    if (!text.startsWith("/**")) depth += count(text, /[([{]/g) - count(text, /[)\]}]/g);
  }
  return `${lines.join("\n")}\n`;
}

function flatten(source: Source): string {
  if (source === undefined) return "";
  return typeof source === "string" ? `${source}\n` : source.map(flatten).join("");
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** Returns a docstring of these sentences; what is empty is left out. */
export function doc(...sentences: (string | undefined)[]): string {
  const text = sentences
    .filter((each) => each !== undefined && each !== "")
    .join(" ")
    .replaceAll("*/", "*\\/");
  return `/** ${text} */`;
}

/** Ends a sentence with a full stop, unless it has one. */
export function sentence(text: string): string {
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}
