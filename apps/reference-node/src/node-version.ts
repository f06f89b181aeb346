import { readFileSync } from "node:fs";

/** The version of this node, as it tells it to peers. */
export function nodeVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
