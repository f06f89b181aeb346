import { parseArgs } from "node:util";

/** How a tool ends. spec/tensor-pool.md §23 */
export const ExitCode = { ok: 0, failure: 1, usage: 2 } as const;

/** One of {@link ExitCode}. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What an option takes. */
export interface OptionSpec {
  /** Whether it has a value. */
  readonly type: "string" | "boolean";
  /** Its letter. */
  readonly short?: string;
  /** Whether it may be given more than once. */
  readonly multiple?: boolean;
  /** What it is for, after its name in the help. */
  readonly help: string;
}

/** The options of a run, by name. */
export interface ToolValues {
  /** The text of an option; `undefined` where it was not given. */
  text(name: string): string | undefined;
  /** All texts of an option that may repeat. */
  texts(name: string): readonly string[];
  /** The number of an option, or `otherwise`. @throws UsageError */
  number(name: string, otherwise: number): number;
  /** The 64-bit number of an option. @throws UsageError when it is missing or none. */
  bigint(name: string): bigint;
  /** Whether a switch was given. */
  flag(name: string): boolean;
  /** What follows the options; the one at `index`. @throws UsageError when it is missing. */
  positional(index: number, name: string): string;
  /** What follows the options, where it is there. */
  readonly positionals: readonly string[];
}

/** Where a tool writes, and what ends it. */
export interface ToolContext {
  /** The options. */
  readonly values: ToolValues;
  /** Writes one result: a line of JSON, or a line for people. */
  readonly print: (result: ToolResult) => void;
  /** Writes what is said beside results. */
  readonly note: (line: string) => void;
  /** Ends when somebody interrupts the tool. */
  readonly signal: AbortSignal;
}

/** A result: fields of it in JSON, a sentence for people. */
export interface ToolResult {
  /** For programs; 64-bit numbers become text. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** For people; by default the fields, one after the other. */
  readonly line?: string;
}

/** One subcommand. */
export interface ToolCommand {
  /** Its name. */
  readonly name: string;
  /** Other names of it. */
  readonly aliases?: readonly string[];
  /** What it does, in one line. */
  readonly summary: string;
  /** What follows its options. */
  readonly operands?: string;
  /** Its options, besides `--json` and `--help`. */
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Does it. */
  run(context: ToolContext): ExitCode | Promise<ExitCode>;
}

/** The caller wrote something that cannot be meant. */
export class UsageError extends Error {}

/** Options that every tool has. */
const COMMON: Readonly<Record<string, OptionSpec>> = {
  json: { type: "boolean", short: "j", help: "print JSON, one value a line" },
  help: { type: "boolean", short: "h", help: "show this text" },
};

/** Reads the options of a command. @throws UsageError */
export function readValues(command: ToolCommand, args: readonly string[]): ToolValues {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...COMMON }).map(([name, spec]) => [
      name,
      {
        type: spec.type,
        ...(spec.short === undefined ? {} : { short: spec.short }),
        ...(spec.multiple === true ? { multiple: true } : {}),
      },
    ]),
  );
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true });
    return values(parsed.values, parsed.positionals);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Writes the help of a command. */
export function helpOf(program: string, command: ToolCommand): string {
  const lines = Object.entries({ ...command.options, ...COMMON }).map(([name, spec]) => {
    const short = spec.short === undefined ? "    " : `-${spec.short}, `;
    const value = spec.type === "string" ? " <value>" : "";
    return `  ${`${short}--${name}${value}`.padEnd(34)} ${spec.help}`;
  });
  const operands = command.operands === undefined ? "" : ` ${command.operands}`;
  return [
    `Usage: ${program} ${command.name} [options]${operands}`,
    "",
    `${command.summary}.`,
    "",
    ...lines,
    "",
  ].join("\n");
}

type Given = string | boolean | (string | boolean)[] | undefined;

function values(
  given: Readonly<Record<string, Given>>,
  positionals: readonly string[],
): ToolValues {
  const text = (name: string): string | undefined => {
    const value = given[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    text,
    texts: (name) => [given[name] ?? []].flat().map(String),
    flag: (name) => given[name] === true,
    positionals,
    number(name, otherwise) {
      const value = text(name);
      if (value === undefined) return otherwise;
      const number = Number(value);
      if (value.trim() !== "" && Number.isSafeInteger(number) && number >= 0) return number;
      throw new UsageError(`--${name} is "${value}", expected a whole number`);
    },
    bigint(name) {
      const value = text(name);
      if (value !== undefined && /^\d{1,20}$/.test(value)) return BigInt(value);
      throw new UsageError(`--${name} is ${value ?? "missing"}, expected a whole number`);
    },
    positional(index, name) {
      const value = positionals[index];
      if (value === undefined) throw new UsageError(`${name} is missing`);
      return value;
    },
  };
}
