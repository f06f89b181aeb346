/** What becomes of a list of numbers in the payload of `kind` under `key`: the schema may say float32. spec/xcp.md §18 */
export function numberListsOf(kind: string, key: string): "float32" | "json" {
  return kind === "embedding" && key === "values" ? "float32" : "json";
}
