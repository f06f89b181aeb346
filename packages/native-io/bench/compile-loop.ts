import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Compiles and loads a loop in C++ of this folder that JavaScript is measured against; the caller knows its exports. */
export function compileLoop(name: string): unknown {
  const require = createRequire(import.meta.url);
  const headers = join(dirname(require.resolve("node-api-headers/package.json")), "include");
  const source = fileURLToPath(new URL(`../bench/${name}.cc`, import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const output = join(folder, `${name}.node`);
  const flags = ["-std=c++17", "-O3", "-fPIC", "-shared", `-isystem${headers}`];
  const { status } = spawnSync("c++", [...flags, source, "-o", output], { stdio: "inherit" });
  if (status !== 0) throw new Error("this benchmark needs a C++ compiler");
  const loop = require(output) as unknown;
  rmSync(folder, { recursive: true });
  return loop;
}
