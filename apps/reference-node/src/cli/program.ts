import { Command, CommanderError } from "commander";
import { ExitCode } from "./exit-code.js";
import { createOutput, reportError } from "./output.js";

/** Adds one verb to the program; `exit` takes the exit code once the verb is done. */
type AddVerb = (program: Command, exit: (code: ExitCode) => void) => void;

/** Verbs by name, in the order of the help. Each is loaded when it is asked for: what they stand on takes time to load. */
const verbs: Readonly<Record<string, () => Promise<AddVerb>>> = {
  serve: async () => (await import("./serve.js")).addServe,
  send: async () => (await import("./send.js")).addSend,
  ping: async () => (await import("./ping.js")).addPing,
  inspect: async () => (await import("./inspect.js")).addInspect,
  doctor: async () => (await import("./doctor.js")).addDoctor,
  demo: async () => (await import("./demo.js")).addDemo,
};

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
  const named = verbs[argv[0] ?? ""];
  for (const load of named === undefined ? Object.values(verbs) : [named]) {
    const add = await load();
    // A verb hands its exit code over, so that the process ends by running out of work.
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
