import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pair } from "./pair.js";

const CACHE = fileURLToPath(new URL("../../../../.cache/bench/", import.meta.url));
const PACKAGE = "@esbuild/linux-x64";
const VERSIONS = ["0.25.0", "0.25.1"] as const;

/** Two releases of a program that is one linked binary of 10 MB, from npm; none where npm does not answer. */
export function binaryPair(): Pair[] {
  const [before, after] = VERSIONS.map(binary);
  if (before === undefined || after === undefined) return [];
  return [{ name: `binary, esbuild ${VERSIONS.join(" to ")}`, kind: "files", before, after }];
}

function binary(version: string): Uint8Array | undefined {
  const folder = join(CACHE, `esbuild-${version}`);
  const file = join(folder, "node_modules", PACKAGE, "bin", "esbuild");
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder];
    spawnSync("npm", ["install", ...flags, "--force", `${PACKAGE}@${version}`]);
  }
  return existsSync(file) ? readFileSync(file) : undefined;
}
