import type { Command } from "commander";
import { runDemo } from "../demo/demo.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";

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
      await runDemo({ once: flags.once === true, output: createOutput(flags.json === true) });
      exit(ExitCode.OK);
    });
}
