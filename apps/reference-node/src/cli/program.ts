import { Command, CommanderError } from "commander";
import { addDemo } from "./demo.js";
import { addDoctor } from "./doctor.js";
import { ExitCode } from "./exit-code.js";
import { addInspect } from "./inspect.js";
import { createOutput, reportError } from "./output.js";
import { addPing } from "./ping.js";
import { addSend } from "./send.js";
import { addServe } from "./serve.js";

const epilogue = `
Exit codes:
  0  done
  1  failed: no connection, a refusal by the peer, a receipt that does not match
  2  the command line, the configuration or a named file is wrong; nothing was started

With --json, standard output carries exactly one JSON document; logs, progress and errors go to standard error.
`;

/** Runs one command line and returns the exit code of the process. */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  const outcome: { code: ExitCode } = { code: ExitCode.OK };
  const program = new Command("reference-node")
    .description("A node that speaks XCP: serves, sends, inspects and demonstrates.")
    .addHelpText("after", epilogue)
    .showHelpAfterError("(run it with --help for what there is)")
    .exitOverride();
  // A verb hands its exit code to `outcome`, so that the process ends by running out of work.
  for (const add of [addServe, addSend, addPing, addInspect, addDoctor, addDemo]) {
    add(program, (code) => {
      outcome.code = code;
    });
  }
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync([...argv], { from: "user" });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
    return reportError(createOutput(argv.includes("--json")), error);
  }
}
