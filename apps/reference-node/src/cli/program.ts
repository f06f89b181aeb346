import { Command, CommanderError } from "commander";
import { nodeVersion } from "../node-version.js";
import { ExitCode } from "./exit-code.js";
import { createOutput, type Output, reportError } from "./output.js";

/** Adds one verb to the program; `exit` takes the exit code once the verb is done. */
type AddVerb = (program: Command, exit: (code: ExitCode) => void) => void;

/** Verbs by name, in the order of the help. Each is loaded when it is asked for: what they stand on takes time to load. */
const verbs: Readonly<Record<string, () => Promise<AddVerb>>> = {
  serve: async () => (await import("./serve.js")).addServe,
  send: async () => (await import("./send.js")).addSend,
  ping: async () => (await import("./ping.js")).addPing,
  status: async () => (await import("./status.js")).addStatus,
  peers: async () => (await import("./peers.js")).addPeers,
  sessions: async () => (await import("./sessions.js")).addSessions,
  watch: async () => (await import("./watch.js")).addWatch,
  inspect: async () => (await import("./inspect.js")).addInspect,
  tensor: async () => (await import("./tensor.js")).addTensor,
  transfer: async () => (await import("./transfer.js")).addTransfer,
  replicate: async () => (await import("./replicate.js")).addReplicate,
  jobs: async () => (await import("./jobs.js")).addJobs,
  migrate: async () => (await import("./migrate.js")).addMigrate,
  dwcp: async () => (await import("./dwcp.js")).addDwcp,
  burst: async () => (await import("./burst.js")).addBurst,
  doctor: async () => (await import("./doctor.js")).addDoctor,
  demo: async () => (await import("./demo.js")).addDemo,
};

const epilogue = `
Exit codes:
  0  done
  1  failed: no connection, a refusal by the peer, a receipt that does not match
  2  the command line, the configuration or a named file is wrong
  128 and its number: ended by a signal

Environment:
  CODEC_POLICY          whether bodies may be JSON: Any, BinaryPreferred or BinaryRequired
  NATIVE_IO             portable: leave the C++ addon alone
  REFERENCE_NODE_DEBUG  show where an unexpected error came from

With --json, standard output carries exactly one JSON document, of a verb that watches one a line; logs, progress and errors
go to standard error.
`;

/** Runs one command line and returns the exit code of the process. */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  const outcome: { code: ExitCode } = { code: ExitCode.OK };
  const program = new Command("reference-node")
    .description("A node that speaks XCP: serves, sends, inspects and demonstrates.")
    .addHelpText("after", epilogue)
    .version(nodeVersion(), "-V, --version", "tell the version")
    .showHelpAfterError("(run it with --help for what there is)")
    .exitOverride();
  const [first = "-"] = argv;
  const named = verbs[first];
  for (const load of named === undefined ? Object.values(verbs) : [named]) {
    const add = await load();
    // A verb hands its exit code over, so that the process ends by running out of work.
    add(program, (code) => {
      outcome.code = code;
    });
  }
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(upToUnknown(program, argv), { from: "user" });
    return outcome.code;
  } catch (error) {
    const output = createOutput(argv.includes("--json"));
    return error instanceof CommanderError ? usageExit(output, error) : reportError(output, error);
  }
}

// What is no verb is told, even where its help is asked for, which would be that of what it should be a verb of.
function upToUnknown(program: Command, argv: readonly string[]): string[] {
  let command = program;
  for (const [index, word] of argv.entries()) {
    if (word === "help" || word.startsWith("-") || command.commands.length === 0) break;
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) return argv.slice(0, index + 1);
    command = next;
  }
  return [...argv];
}

// Commander has told people what is wrong, or shown the help that was asked for.
function usageExit(output: Output, { exitCode, message }: CommanderError): ExitCode {
  if (exitCode === 0) return ExitCode.OK;
  if (output.json) {
    const error = {
      kind: "usage",
      message: message.replace(/^error: /, ""),
      exitCode: ExitCode.USAGE,
    };
    output.result({ ok: false, error }, () => "");
  }
  return ExitCode.USAGE;
}
