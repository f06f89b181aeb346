import { isWireError } from "@proj/wire-types";
import { toJson } from "./to-json.js";
import {
  ExitCode,
  helpOf,
  readValues,
  type ToolCommand,
  type ToolResult,
  UsageError,
} from "./tool-command.js";

/** Where a tool writes, and what ends it. */
export interface ToolOutput {
  /** Results. */
  readonly out: (text: string) => void;
  /** Everything else. */
  readonly err: (text: string) => void;
  /** Ends when somebody interrupts the tool. */
  readonly signal: AbortSignal;
}

/** Runs one of `commands` by its arguments; tells how it ended. */
export async function runTool(
  program: string,
  commands: readonly ToolCommand[],
  args: readonly string[],
  output: ToolOutput,
): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined || name === "-h" || name === "--help") {
    (name === undefined ? output.err : output.out)(overview(program, commands));
    return name === undefined ? ExitCode.usage : ExitCode.ok;
  }
  const command = commands.find((each) => each.name === name || each.aliases?.includes(name));
  if (command === undefined) {
    output.err(`${program}: there is no ${name}\n\n${overview(program, commands)}`);
    return ExitCode.usage;
  }
  const json = rest.includes("--json") || rest.includes("-j");
  try {
    const values = readValues(command, rest);
    if (values.flag("help")) {
      output.out(helpOf(program, command));
      return ExitCode.ok;
    }
    return await command.run({
      values,
      print: (result) => {
        output.out(`${json ? toJson(result.fields) : lineOf(result)}\n`);
      },
      note: (line) => {
        output.err(`${line}\n`);
      },
      signal: output.signal,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const usage = error instanceof UsageError;
    const code = isWireError(error) ? error.code : usage ? "usage" : "failure";
    output.err(json ? `${toJson({ error: code, message })}\n` : `${program} ${name}: ${message}\n`);
    if (usage && !json) output.err(`\n${helpOf(program, command)}`);
    return usage ? ExitCode.usage : ExitCode.failure;
  }
}

function overview(program: string, commands: readonly ToolCommand[]): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(24)} ${summary}`);
  return [
    `Usage: ${program} <command> [options]`,
    "",
    ...lines,
    "",
    `"${program} <command> --help" tells the options of one. All take --json.`,
    "",
  ].join("\n");
}

function lineOf({ fields, line }: ToolResult): string {
  if (line !== undefined) return line;
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : toJson(value)}`)
    .join("\n");
}
