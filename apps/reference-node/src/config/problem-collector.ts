import { resolve } from "node:path";
import { configFields } from "./fields.js";
import type { ConfigProblem } from "./problem.js";
import { isProblem, type readSecretFile } from "./secret-file.js";

/** Where a configuration comes from. */
export interface ConfigOrigin {
  /** Its name in problems. */
  readonly file: string;
  /** What relative paths in it are relative to. */
  readonly folder: string;
  /** Accepts secrets that others can read. */
  readonly allowOpen: boolean;
}

/** Collects what is wrong with one configuration, and reads the files that it names. */
export class ProblemCollector {
  /** In the order of discovery. */
  readonly problems: ConfigProblem[] = [];
  readonly #origin: ConfigOrigin;

  /** `origin` names the configuration. */
  constructor(origin: ConfigOrigin) {
    this.#origin = origin;
  }

  /** Adds a problem; without `fix` an example of the field is the way out. */
  add(field: string, problem: string, fix?: string): void {
    const known = configFields.get(field.replaceAll(/\[\d+\]/g, "[]"));
    this.problems.push({
      file: this.#origin.file,
      field,
      problem,
      allowed: known?.allowed ?? "",
      fix: fix ?? `write, for instance: ${known?.example ?? ""}`,
    });
  }

  /** Reads a file; one that cannot be read is a problem. */
  read(reader: typeof readSecretFile, field: string, path: string): Uint8Array | undefined {
    const { file, folder, allowOpen } = this.#origin;
    const result = reader({ file, field, path: resolve(folder, path) }, { allowOpen });
    if (!isProblem(result)) return result;
    this.problems.push(result);
    return undefined;
  }
}
