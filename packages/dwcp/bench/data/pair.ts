/** Two states of one object. */
export interface Pair {
  readonly name: string;
  /** Memory of which few or many pages changed, or files. */
  readonly kind: "fewPages" | "manyPages" | "files";
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}
