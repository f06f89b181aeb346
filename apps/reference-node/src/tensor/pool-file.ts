import { readFileSync } from "node:fs";
import type { PoolConfig } from "@proj/tensor-pool";
import { type Environment, parseConfig } from "@proj/tensor-pool/node";
import type { ConfigProblem } from "../config/problem.js";

/** What pools a file describes, or everything that is wrong with it. */
export type PoolFile =
  | { readonly config: PoolConfig; readonly warnings: readonly string[] }
  | { readonly problems: readonly ConfigProblem[] };

/** Reads the configuration of a tensor-pool driver; the environment overrides single keys. */
export function readPoolFile(file: string, environment: Environment): PoolFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const problem = `it cannot be read (${code})`;
    const allowed = "a TOML file that this user can read";
    return { problems: [{ file, field: "", problem, allowed, fix: "correct the path" }] };
  }
  const result = parseConfig(text, environment);
  if (result.kind === "config") {
    const warnings = result.warnings.map(({ key, message }) => `${file}: ${key}: ${message}`);
    return { config: result.config, warnings };
  }
  const problems = result.problems.map(({ key, message }) => ({
    file,
    field: key,
    problem: message,
    allowed: "what docs/guide/tensor-driver.md says of it",
    fix: "correct the key, or remove it",
  }));
  return { problems };
}
