import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

interface Vector {
  readonly id: string;
  readonly hex?: string;
}

const folder = dirname(createRequire(import.meta.url).resolve("@proj/xcp-framing/package.json"));

/** The golden vectors that are bytes, by id. */
export const golden: ReadonlyMap<string, Uint8Array> = new Map(
  (JSON.parse(readFileSync(join(folder, "vectors/xcp-golden.json"), "utf8")) as Vector[]).map(
    ({ id, hex = "" }): [string, Uint8Array] => [id, new Uint8Array(Buffer.from(hex, "hex"))],
  ),
);

/** Vectors one after the other. */
export function goldenBytes(...ids: string[]): Uint8Array {
  return new Uint8Array(Buffer.concat(ids.map((id) => golden.get(id) ?? new Uint8Array())));
}
