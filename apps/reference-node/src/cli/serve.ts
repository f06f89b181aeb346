import type { Command } from "commander";
import { loadConfig } from "../config/load.js";
import { startNode } from "../node.js";
import { createLogSink } from "../telemetry/logs.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { untilSignal } from "./until-signal.js";

interface ServeOptions {
  readonly config?: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

const help = `
Without --config the node listens on xcp://127.0.0.1:9944 and its admin endpoint on http://127.0.0.1:9945,
its control API on http://127.0.0.1:9948/control.
apps/reference-node/config/node.toml is an example with every field explained.

The first SIGINT or SIGTERM closes in order: no new connections, what is under way finishes (limits.drain_timeout_ms).
A second one ends at once.

Examples:
  $ reference-node serve
  $ reference-node serve --config node.toml --check
  $ CODEC_POLICY=BinaryRequired reference-node serve --config node.toml
`;

/** Adds `serve`: runs a node until it is told to stop. */
export function addServe(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("serve")
    .description("Accept XCP connections, answer data with receipts, and tell how it goes.")
    .option("--config <file>", "TOML configuration (default: one endpoint on loopback)")
    .option("--check", "check the configuration, listing every error, and exit")
    .option("--json", "write one JSON document once the node is ready")
    .addHelpText("after", help)
    .action(async (options: ServeOptions) => {
      exit(await serve(options));
    });
}

async function serve(options: ServeOptions): Promise<ExitCode> {
  const output = createOutput(options.json === true);
  const loaded = loadConfig(options.config, { environment: process.env });
  if (options.check === true) {
    output.result({ ok: true, config: loaded.config }, () => "The configuration is right.\n");
    return ExitCode.OK;
  }
  const { node, log } = loaded.config;
  const running = await startNode(loaded, { log: createLogSink({ ...log, node: node.name }) });
  // Whoever reads the document may send a signal at once.
  const stopped = untilSignal();
  output.result(
    {
      ok: true,
      pid: process.pid,
      listening: running.urls,
      admin: running.admin,
      control: running.control,
      dcquic: running.dcquic,
      dwcp: running.dwcp,
      management: running.management,
    },
    () =>
      [
        ...running.urls.map((url) => `listening on ${url}`),
        ...(running.admin === undefined ? [] : [`admin on ${running.admin}`]),
        ...(running.control === undefined ? [] : [`control on ${running.control}`]),
        ...(running.dcquic === undefined ? [] : [`dcquic on ${running.dcquic}`]),
        ...(running.dwcp === undefined ? [] : [`replicas on ${running.dwcp}`]),
        ...(running.management === undefined ? [] : [`DWCP is managed on ${running.management}`]),
        "",
      ].join("\n"),
  );
  await stopped;
  const clean = await Promise.race([
    running.close().then(() => true),
    untilSignal().then(() => false),
  ]);
  // Everything is closed; a peer that keeps its socket open must not keep this process.
  process.exit(clean ? ExitCode.OK : ExitCode.FAILURE);
}
