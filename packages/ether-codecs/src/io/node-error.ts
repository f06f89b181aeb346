/** The code of what Node threw, such as `ENOENT`; `undefined` for anything else. */
export function nodeErrorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
