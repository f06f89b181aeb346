import type { Command } from "commander";
import { runDemo } from "../demo/demo.js";
import { ExitCode, exitCodeOf } from "./exit-code.js";
import { createOutput, type Output } from "./output.js";

interface DemoFlags {
  readonly once?: boolean;
  readonly json?: boolean;
}

/** Adds `demo`: two nodes, real data, every way there. */
export function addDemo(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("demo")
    .description(
      "Let two nodes in two processes exchange real tables and a picture, and tell what it cost.",
    )
    .option("--once", "end after the tour instead of serving on")
    .option("--json", "write one JSON document after the tour")
    .action(async (flags: DemoFlags) => {
      const output = createOutput(flags.json === true);
      const cut = await runDemo({ once: flags.once === true, output });
      exit(cut === undefined ? ExitCode.OK : reportCut(output, exitCodeOf(cut.signal)));
    });
}

function reportCut(output: Output, exitCode: ExitCode): ExitCode {
  const message = "interrupted before everything was shown";
  if (output.json) {
    output.result({ ok: false, error: { kind: "interrupted", message, exitCode } }, () => "");
  }
  process.stderr.write(`${message}\n`);
  return exitCode;
}
