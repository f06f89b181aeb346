import { readFileSync } from "node:fs";
import type { PoolConfig } from "../../config/pool-config.js";
import { parseConfig } from "../config/parse-config.js";
import { ExitCode, type ToolCommand, type ToolContext, type ToolValues } from "./tool-command.js";

const CONFIG = { type: "string", short: "c", help: "the configuration, in TOML" } as const;

/** What checks and shows configurations. spec/tensor-pool.md §23 */
export const configCommands: readonly ToolCommand[] = [
  {
    name: "driver-config-validate",
    summary: "List everything that is wrong with a configuration",
    operands: "[config.toml]",
    options: { config: CONFIG },
    run({ values, print }) {
      const result = parseConfig(readFileSync(pathOf(values), "utf8"), process.env);
      const problems = result.kind === "config" ? result.warnings : result.problems;
      for (const { key, message } of problems) {
        const severity = result.kind === "config" ? "warning" : "error";
        print({ fields: { severity, key, message }, line: `${severity}: ${key}: ${message}` });
      }
      print({
        fields: { valid: result.kind === "config" },
        line: result.kind === "config" ? "valid" : "invalid",
      });
      return result.kind === "config" ? ExitCode.ok : ExitCode.failure;
    },
  },
  {
    name: "driver-config-dump",
    summary: "Print a configuration with its defaults and what the environment changes",
    operands: "[config.toml]",
    options: { config: CONFIG },
    run(context) {
      const { shutdown_token, ...policies } = readConfig(context).policies;
      const config = readConfig(context);
      // A token is a password: a dump says whether there is one.
      const shown = { ...policies, shutdown_token: shutdown_token === "" ? "" : "(set)" };
      context.print({ fields: { ...config, policies: shown } });
      return ExitCode.ok;
    },
  },
];

/** Reads the configuration that the options name. @throws what is wrong with it, all of it */
export function readConfig({ values, note }: Pick<ToolContext, "values" | "note">): PoolConfig {
  const path = pathOf(values);
  const result = parseConfig(readFileSync(path, "utf8"), process.env);
  if (result.kind === "invalid") {
    const lines = result.problems.map(({ key, message }) => `${key}: ${message}`);
    throw new Error(`${path}:\n  ${lines.join("\n  ")}`);
  }
  for (const { key, message } of result.warnings) note(`${path}: ${key}: ${message}`);
  return result.config;
}

function pathOf(values: ToolValues): string {
  return values.text("config") ?? values.positional(0, "the configuration");
}
