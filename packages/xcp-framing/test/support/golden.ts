import { readFileSync } from "node:fs";
import { parseHex } from "@proj/wire-types";

interface GoldenVector {
  readonly id: string;
  readonly what: string;
  readonly hex?: string;
  readonly [more: string]: unknown;
}

const file = new URL("../../vectors/xcp-golden.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as readonly GoldenVector[];

/** The golden vector of this id. */
export function goldenVector(id: string): GoldenVector {
  const vector = vectors.find((each) => each.id === id);
  if (vector === undefined) throw new Error(`no golden vector ${id}`);
  return vector;
}

/** The bytes of a golden vector, in a buffer of their own. */
export function golden(id: string): Uint8Array {
  return parseHex(goldenVector(id).hex ?? "");
}

/** The ids of the golden vectors that match. */
export function goldenIds(pattern: RegExp): readonly string[] {
  return vectors.map(({ id }) => id).filter((id) => pattern.test(id));
}
