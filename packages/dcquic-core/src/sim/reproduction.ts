const MARK = "\u0000";

/**
 * Options of a world as an expression in one line, from which the same world is made where `crypto` names its cryptography.
 * Functions are left out.
 */
export function formatOptions(options: object): string {
  const text = JSON.stringify(options, (key: string, value: unknown) => {
    if (key === "crypto") return undefined;
    // JSON knows no infinite numbers.
    return typeof value === "number" && !Number.isFinite(value) ? `${MARK}${value}${MARK}` : value;
  });
  const fields = text.slice(1).replaceAll(/"\\u0000([^"\\]+)\\u0000"/g, "$1");
  return fields === "}" ? "{crypto}" : `{crypto,${fields}`;
}
