import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Pair } from "./pair.js";

const STORE = fileURLToPath(new URL("../../../../node_modules/.pnpm/", import.meta.url));

/** Two versions of the compiler that lie in the workspace's own dependencies: all JavaScript of each, file by file. */
export function packagePair(): Pair[] {
  if (!existsSync(STORE)) return [];
  const versions = readdirSync(STORE)
    .filter((name) => /^typescript@[56]/.test(name))
    .toSorted();
  const [first, second] = versions;
  if (first === undefined || second === undefined) return [];
  const name = `package, ${first} to ${second.replace("typescript@", "")}`;
  return [{ name, kind: "files", before: joined(first), after: joined(second) }];
}

function joined(version: string): Uint8Array {
  const folder = `${STORE}${version}/node_modules/typescript/lib/`;
  const files = readdirSync(folder).filter((name) => /\.(?:js|d\.ts)$/.test(name));
  return Buffer.concat(files.toSorted().map((name) => readFileSync(folder + name)));
}
