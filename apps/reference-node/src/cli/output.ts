import { isWireError } from "@proj/wire-types";
import { ConfigError } from "../config/problem.js";
import { ControlError } from "../control/control-error.js";
import { ReplicateError } from "../replicate/replicate-error.js";
import { ContentError } from "../content/content.js";
import { NoSharedMemory } from "../tensor/no-shared-memory.js";
import { RecordingError } from "../tensor/recording-error.js";
import { ListenError } from "../listen-error.js";
import { ExitCode, exitCodeOf } from "./exit-code.js";
import { Interrupted } from "./interrupted.js";
import { fixOf } from "./wire-fix.js";

/** A command line that is complete but asks for something that cannot be. */
export class UsageError extends Error {
  /** What to write instead. */
  readonly fix: string;

  /** `message` names the option. */
  constructor(message: string, fix: string) {
    super(message);
    this.name = "UsageError";
    this.fix = fix;
  }
}

/** Where a verb writes its result: one JSON document, or text for people. */
export interface Output {
  /** Whether the result is one JSON document. */
  readonly json: boolean;
  /** Writes the result of the verb, in whichever form was asked for. */
  result(document: unknown, text: () => string): void;
}

/** Writes results to standard output; everything else goes to standard error. */
export function createOutput(json: boolean): Output {
  return {
    json,
    result: (document, text) =>
      void process.stdout.write(json ? `${JSON.stringify(document, jsonValue)}\n` : text()),
  };
}

/** What went wrong, for a program to read. */
interface ErrorReport {
  readonly kind:
    | "config"
    | "usage"
    | "file"
    | "listen"
    | "control"
    | "protocol"
    | "interrupted"
    | "internal";
  readonly message: string;
  readonly exitCode: ExitCode;
  readonly [detail: string]: unknown;
}

/** Tells what went wrong, on standard error; in JSON on standard output too. Returns the exit code. */
export function reportError(output: Output, thrown: unknown): ExitCode {
  const report = describe(thrown);
  if (output.json) output.result({ ok: false, error: report }, () => "");
  process.stderr.write(`${textOf(thrown, report)}\n`);
  return report.exitCode;
}

function describe(thrown: unknown): ErrorReport {
  if (thrown instanceof ConfigError) {
    const { problems, message } = thrown;
    return { kind: "config", message, problems, exitCode: ExitCode.USAGE };
  }
  if (thrown instanceof UsageError) {
    return { kind: "usage", message: thrown.message, fix: thrown.fix, exitCode: ExitCode.USAGE };
  }
  if (thrown instanceof Interrupted) {
    return {
      kind: "interrupted",
      message: thrown.message,
      exitCode: exitCodeOf(thrown.signal),
    };
  }
  if (thrown instanceof NoSharedMemory) {
    const { message, fix } = thrown;
    return { kind: "usage", message, fix, exitCode: ExitCode.FAILURE };
  }
  if (
    thrown instanceof ContentError ||
    thrown instanceof RecordingError ||
    thrown instanceof ReplicateError
  ) {
    return { kind: "file", message: thrown.message, fix: thrown.fix, exitCode: ExitCode.USAGE };
  }
  if (thrown instanceof ControlError) {
    const { message, code, fix } = thrown;
    return { kind: "control", message, code, fix, exitCode: ExitCode.FAILURE };
  }
  if (thrown instanceof ListenError) {
    const fix = "choose another address, or end what has it";
    return { kind: "listen", message: thrown.message, fix, exitCode: ExitCode.FAILURE };
  }
  if (isWireError(thrown)) {
    const { code, retryable, details, message } = thrown;
    const exitCode = code === "wire.invalid_uri" ? ExitCode.USAGE : ExitCode.FAILURE;
    const fix = fixOf(thrown);
    return { kind: "protocol", message, code, retryable, details, fix, exitCode };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { kind: "internal", message, exitCode: ExitCode.FAILURE };
}

function textOf(thrown: unknown, report: ErrorReport): string {
  if (report.kind === "config") return report.message;
  const code = typeof report["code"] === "string" ? ` [${report["code"]}]` : "";
  const fix = typeof report["fix"] === "string" ? `\n    fix: ${report["fix"]}` : "";
  if (report.kind !== "internal") return `${report.message}${code}${fix}`;
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return process.env["REFERENCE_NODE_DEBUG"] === undefined
    ? report.message
    : (stack ?? report.message);
}

function jsonValue(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value;
}
