import { readFileSync } from "node:fs";
import { parseHex } from "@proj/wire-types";

/** One entry of the golden vectors. */
export interface GoldenVector {
  readonly id: string;
  readonly what: string;
  readonly hex?: string;
  readonly [member: string]: unknown;
}

const url = new URL("../../xcp-framing/vectors/xcp-golden.json", import.meta.url);

/** The golden vectors of the specification. */
export const goldenVectors = JSON.parse(readFileSync(url, "utf8")) as readonly GoldenVector[];

/** The vector called `id`; of several, the one whose description ends with `ending`. */
export function golden(id: string, ending = ""): GoldenVector {
  const found = goldenVectors.find((vector) => vector.id === id && vector.what.endsWith(ending));
  if (found === undefined) throw new Error(`no vector ${id} ${ending}`);
  return found;
}

/** The bytes of {@link golden}, in a buffer of their own. */
export function goldenBytes(id: string, ending = ""): Uint8Array {
  return parseHex(golden(id, ending).hex ?? "");
}
