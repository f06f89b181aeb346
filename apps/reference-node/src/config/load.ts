import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import { type Environment, readCodecPolicy } from "./environment.js";
import { explainIssue } from "./explain-issue.js";
import { ConfigError, type ConfigProblem } from "./problem.js";
import { checkReferences, type NodeSecrets } from "./references.js";
import { repair } from "./repair.js";
import { configSchema, type NodeConfig } from "./schema.js";

/** A configuration that can be run: complete, with every file it names read. */
export interface LoadedConfig {
  /** Where it stands, for messages. */
  readonly file: string;
  /** What stands in the file, completed with defaults. */
  readonly config: NodeConfig;
  /** Contents of the files it names. Never logged. */
  readonly secrets: NodeSecrets;
}

/** What a node does without a configuration file: one plain endpoint on loopback. */
const builtIn = 'listen = [{ url = "xcp://127.0.0.1:9944" }]\n';

/** What {@link loadConfig} reads besides the file. */
export interface LoadOptions {
  /** The environment; `CODEC_POLICY` is read. spec/xcp.md §15.3 */
  readonly environment: Environment;
}

/**
 * Reads, completes and checks a configuration. Paths in it are relative to its file.
 *
 * @param file `undefined` for the built-in configuration.
 * @throws ConfigError with every problem found, not just the first.
 */
export function loadConfig(file: string | undefined, options: LoadOptions): LoadedConfig {
  const name = file ?? "built-in configuration";
  const text = file === undefined ? builtIn : readText(file);
  return parseConfig(text, {
    ...options,
    file: name,
    folder: file === undefined ? "." : dirname(resolve(file)),
  });
}

/** Where a configuration text comes from. */
export interface ParseOptions extends LoadOptions {
  /** Its name in problems. */
  readonly file: string;
  /** What relative paths in it are relative to. */
  readonly folder: string;
}

/** Completes and checks the text of a configuration. @throws ConfigError with every problem found. */
export function parseConfig(text: string, options: ParseOptions): LoadedConfig {
  const table = parseToml(text, options.file);
  const problems: ConfigProblem[] = [];
  const policy = readCodecPolicy(options.environment, problems);
  const shape = checkShape(table, options.file);
  problems.push(...shape.problems);
  if (shape.config === undefined) throw new ConfigError(problems);
  const config =
    policy === undefined
      ? shape.config
      : { ...shape.config, codecs: { ...shape.config.codecs, policy } };
  const references = checkReferences(config, options);
  const wrongShape = shape.problems.map((problem) => problem.field);
  problems.push(
    ...references.problems.filter(
      ({ field }) => !wrongShape.some((wrong) => wrong === field || isInside(field, wrong)),
    ),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return { file: options.file, config, secrets: references.secrets };
}

interface CheckedShape {
  readonly problems: readonly ConfigProblem[];
  /** Wrong fields hold an example's value; `undefined` when even that does not help. */
  readonly config: NodeConfig | undefined;
}

function checkShape(table: Record<string, unknown>, file: string): CheckedShape {
  const checked = configSchema.safeParse(table, { reportInput: true });
  if (checked.success) return { problems: [], config: checked.data };
  const problems = checked.error.issues.flatMap((issue) => explainIssue(file, issue));
  repair(table, checked.error.issues);
  return { problems, config: configSchema.safeParse(table).data };
}

function isInside(field: string, table: string): boolean {
  return field.startsWith(`${table}.`) || field.startsWith(`${table}[`);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError([
      {
        file,
        field: "",
        problem: `it cannot be read (${(error as NodeJS.ErrnoException).code})`,
        allowed: "a TOML file that this user can read",
        fix: "correct the path; apps/reference-node/config/node.toml is a documented example",
      },
    ]);
  }
}

function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0] ?? error.message;
    throw new ConfigError([
      {
        file,
        field: `line ${error.line}, column ${error.column}`,
        problem: reason.replace("Invalid TOML document: ", "it is not TOML: "),
        allowed: "TOML 1.0 (https://toml.io)",
        fix: "correct the line; nothing after it was checked",
      },
    ]);
  }
}
