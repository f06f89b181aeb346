/** Writes a value as one line of JSON: 64-bit numbers become text, bytes base64. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === "bigint") return String(each);
    return each instanceof Uint8Array ? Buffer.from(each).toString("base64") : each;
  });
}
