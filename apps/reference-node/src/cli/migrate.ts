import type { StuckPolicy } from "@proj/dwcp";
import {
  type DwcpNode,
  type MigrationResult,
  type MigrationRound,
  startDwcpNode,
} from "@proj/dwcp/node";
import { type Command, Option } from "commander";
import { hostname } from "node:os";
import { basename } from "node:path";
import { parseDwcpUrl } from "../replicate/dwcp-url.js";
import { formatReplicaKey, isReplicaName } from "../replicate/replica-key.js";
import { readSharedKey } from "./dcquic-options.js";
import { milliseconds, positiveInteger } from "./dial-options.js";
import { ExitCode } from "./exit-code.js";
import { type MigrateSourceOptions, openMigrateSource } from "./migrate-source.js";
import { createOutput, type Output, UsageError } from "./output.js";
import { formatBytes, formatDuration } from "./units.js";
import { untilSignal } from "./until-signal.js";

interface MigrateOptions extends MigrateSourceOptions {
  readonly to: string;
  readonly key: string;
  readonly openKeyFiles?: boolean;
  readonly name?: string;
  readonly downtime: number;
  readonly maxRounds: number;
  readonly whenStuck: StuckPolicy;
  readonly json?: boolean;
}

const help = `
The image is a file that somebody writes to all the time, such as the memory of a machine on a shared mapping, or a disk.
Rounds bring what was written since the round before, until the rest fits into --downtime; then --pause is run, the last round
goes, and when the node has it all, verified, this ends with 0: from then on it may run there, and must not here.

Whatever goes wrong before the node takes over: --resume is run, and this ends with 1. When the way breaks in the moment of the
taking over, nobody here can know: the image stays paused, and the error says so.

Commands are run by the shell. REFERENCE_NODE_SHARE holds the share of its speed that --throttle should leave, such as 0.25.

--qmp names the monitor socket of a QEMU machine (-qmp unix:<path>,server=on,wait=off), which then stops, wakes and slows the
machine. Without an image it saves the machine's memory, too; the state of processors and devices is not part of that.

Examples:
  $ reference-node migrate guest.img --to dwcp://10.0.0.7:9951 --key dwcp.key \\
      --pause 'virsh suspend guest' --resume 'virsh resume guest'
  $ reference-node migrate disk.img --to dwcp://10.0.0.7:9951 --key dwcp.key --qmp /run/guest.qmp
  $ reference-node migrate --qmp /run/guest.qmp --name guest.mem --to dwcp://10.0.0.7:9951 --key dwcp.key
`;

/** Adds `migrate`: moves an image to another node while it is written to. */
export function addMigrate(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("migrate")
    .description("Move an image, or a machine's memory, to another site while it is written to.")
    .argument("[image]", "the file; with --qmp the memory of the machine when absent")
    .requiredOption("--to <url>", "the node: dwcp://host:port")
    .requiredOption("--key <file>", "the key that both know (32 bytes: raw, hex or base64)")
    .option("--pause <command>", "stops whoever writes to it")
    .option("--resume <command>", "lets it write again, after a failure")
    .option("--throttle <command>", "slows it down")
    .option("--qmp <socket>", "the monitor of the QEMU machine that writes to it")
    .option("--open-key-files", "accept key files that others can read")
    .option("--name <name>", "what it is called at the receiver (default: its own name)")
    .option("--downtime <ms>", "how long it may stand still", milliseconds, 300)
    .option("--max-rounds <n>", "rounds before --when-stuck decides", positiveInteger, 30)
    .addOption(
      new Option("--when-stuck <policy>", "what becomes of it when it does not converge")
        .choices(["throttle", "stopAndCopy", "abort"])
        .default("stopAndCopy"),
    )
    .option("--timeout <ms>", "give up when the node is away for so long", milliseconds, 30_000)
    .option("--json", "write one JSON document")
    .addHelpText("after", help)
    .action(async (image: string | undefined, options: MigrateOptions) => {
      exit(await migrate(image, options));
    });
}

async function migrate(image: string | undefined, options: MigrateOptions): Promise<ExitCode> {
  const output = createOutput(options.json === true);
  const peer = parseDwcpUrl(options.to);
  if (peer === undefined) {
    throw new UsageError(`--to ${options.to} is no DWCP URL`, "write dwcp://host:port");
  }
  const isSlowed = options.throttle !== undefined || options.qmp !== undefined;
  if (options.whenStuck === "throttle" && !isSlowed) {
    throw new UsageError(
      "--when-stuck throttle needs what slows it down",
      "name a command with --throttle, or a machine with --qmp",
    );
  }
  const name = options.name ?? basename(image ?? "");
  if (!isReplicaName(name)) {
    throw new UsageError(`an image cannot be called ${JSON.stringify(name)}`, "choose a --name");
  }
  const key = readSharedKey(options.key, options.openKeyFiles === true);
  const opened = await openMigrateSource(image, options);
  const over = new AbortController();
  const signalled = untilSignal(over.signal).then(() => over.abort());
  let node: DwcpNode | undefined;
  try {
    node = await startDwcpNode({
      nodeId: hostname(),
      security: { mode: "psk", key },
      streams: { minStreams: 1, initialStreams: 8 },
      connectTimeoutMs: options.timeout,
      sessionTtlMs: options.timeout,
    });
    const { downtime: downtimeMs, maxRounds, whenStuck } = options;
    const result = await node.migrate(peer, {
      key: formatReplicaKey({ form: "file", name }),
      source: opened.source,
      goal: { downtimeMs, maxRounds, whenStuck },
      signal: over.signal,
      progress: (round) => tellRound(output, round),
    });
    output.result({ ok: true, to: options.to, name, ...result }, () => resultText(name, result));
    return ExitCode.OK;
  } finally {
    over.abort();
    await signalled;
    await node?.close();
    await opened.close();
  }
}

function tellRound(output: Output, { round, isLast, dirtyBytes, wireBytes }: MigrationRound): void {
  if (output.json) return;
  const what = isLast ? "last round" : `round ${round}`;
  process.stderr.write(
    `${what}: ${formatBytes(dirtyBytes)} were dirty, ${formatBytes(wireBytes)} on the wire\n`,
  );
}

function resultText(name: string, result: MigrationResult): string {
  const { rounds, rawBytes, wireBytes, downtimeUs, predictedUs, rootHash } = result;
  return [
    `${name}: ${formatBytes(rawBytes)} moved in ${rounds.length} rounds, ${formatBytes(wireBytes)} on the wire`,
    `it stood still for ${formatDuration(downtimeUs)}, ${formatDuration(predictedUs)} were expected`,
    `verified by the receiver, content id ${rootHash}`,
    "",
  ].join("\n");
}
