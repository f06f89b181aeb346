import { type DeltaAlgorithm, deltaAlgorithms, DwcpError } from "@proj/dwcp";
import { type DwcpNode, type PeerAddress, startDwcpNode } from "@proj/dwcp/node";
import { isWireError } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { type Command, InvalidArgumentError, Option } from "commander";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDwcpUrl } from "../replicate/dwcp-url.js";
import { type Estimate, estimate } from "../replicate/estimate.js";
import { ReplicaMeter } from "../replicate/replica-meter.js";
import { isReplicaName } from "../replicate/replica-key.js";
import { defaultStateFolder, ReplicationJournal } from "../replicate/replication-journal.js";
import { type ReplicationReport, Replicator } from "../replicate/replicator.js";
import { takeSnapshot } from "../replicate/snapshot.js";
import {
  findSource,
  type ReplicaSource,
  type SourceKind,
  sourceKinds,
} from "../replicate/source.js";
import { readSharedKey } from "./dcquic-options.js";
import { milliseconds, positiveInteger } from "./dial-options.js";
import { ExitCode, exitCodeOf } from "./exit-code.js";
import { Interrupted } from "./interrupted.js";
import { createOutput, type Output, UsageError } from "./output.js";
import { INPUT, nameOfInput, replicateInput } from "./replicate-input.js";
import { type Progress, progressBar } from "./progress.js";
import { formatBytes, formatDuration } from "./units.js";
import { untilSignal } from "./until-signal.js";

interface ReplicateOptions {
  readonly to: string;
  readonly key: string;
  readonly openKeyFiles?: boolean;
  readonly as?: SourceKind;
  readonly name?: string;
  readonly level: number;
  readonly algorithm: DeltaAlgorithm;
  readonly streams: number;
  readonly state?: string;
  readonly timeout: number;
  readonly watch?: boolean;
  readonly every: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const help = `
What is replicated, unless --as says otherwise:
  a folder           as it is, links and permissions included; unpacked at the receiver. No sockets, pipes and devices
  an SQLite file     what is committed, while others write (needs sqlite3, or a Node with node:sqlite)
  a block device     as an image; stretches of zeros cost nothing. Freeze it, or name a snapshot of it
  any other file     as it is
  -                  standard input, to its end, whatever its length; it needs a --name

The node needs [dwcp] receive_folder. The first run sends everything, compressed; later ones send the difference to what the
receiver has. For that a copy of the last state is kept here (--state). Every byte is verified by SHA-256 at the receiver
before the replica takes its name there. What was interrupted goes on where it was, when the same command runs again.

Examples:
  $ reference-node replicate shop.db --to dwcp://10.0.0.7:9951 --key dwcp.key
  $ reference-node replicate /srv/models --to dwcp://10.0.0.7:9951 --key dwcp.key --watch
  $ pg_dump shop | reference-node replicate - --name shop.sql --to dwcp://10.0.0.7:9951 --key dwcp.key
  $ reference-node replicate disk.img --as image --to dwcp://10.0.0.7:9951 --key dwcp.key --dry-run
`;

/** Adds `replicate`: brings a file, folder, image or database to a node, and later what changed of it. */
export function addReplicate(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("replicate")
    .description(
      "Bring a file, a folder, an image or a database to another site; later what changed.",
    )
    .argument("<source>", "what to replicate; - is standard input")
    .requiredOption("--to <url>", "the node: dwcp://host:port")
    .requiredOption("--key <file>", "the key that both know (32 bytes: raw, hex or base64)")
    .option("--open-key-files", "accept key files that others can read")
    .addOption(new Option("--as <kind>", "what the source is").choices(sourceKinds))
    .option("--name <name>", "what it is called at the receiver (default: its own name)")
    .option("--level <n>", "compression: 0 stores, 1 to 9", level, 3)
    .addOption(
      new Option(
        "--algorithm <name>",
        "how differences are found; bsdiff finds the smallest ones and takes by far the longest",
      )
        .choices(deltaAlgorithms)
        .default("auto"),
    )
    .option("--streams <n>", "TCP connections to begin with", positiveInteger, 8)
    .option("--state <folder>", "where journals and last states are kept")
    .option("--timeout <ms>", "give up when the node is away for so long", milliseconds, 30_000)
    .option("--watch", "go on until a signal, and replicate every change")
    .option("--every <ms>", "with --watch: how often to look", milliseconds, 2_000)
    .addOption(
      new Option("--dry-run", "tell what it would cost, and send nothing").conflicts("watch"),
    )
    .option("--json", "write one JSON document")
    .addHelpText("after", help)
    .action(async (source: string, options: ReplicateOptions) => {
      exit(await replicate(source, options));
    });
}

interface Order {
  readonly source: ReplicaSource;
  readonly name: string;
  readonly peer: PeerAddress;
  readonly key: Uint8Array;
  readonly journal: ReplicationJournal;
  readonly output: Output;
  readonly options: ReplicateOptions;
}

async function replicate(named: string, options: ReplicateOptions): Promise<ExitCode> {
  const output = createOutput(options.json === true);
  const peer = parseDwcpUrl(options.to);
  if (peer === undefined) {
    throw new UsageError(`--to ${options.to} is no DWCP URL`, "write dwcp://host:port");
  }
  const key = readSharedKey(options.key, options.openKeyFiles === true);
  const root = options.state ?? defaultStateFolder(process.env);
  if (named === INPUT) {
    const name = requireName(nameOfInput(options));
    const node = await openNode({ key, options }, join(root, "streams"));
    return await replicateInput({ node, peer, name, options, output });
  }
  const source = await findSource(named, options.as);
  const name = requireName(options.name ?? basename(source.path));
  const journal = await ReplicationJournal.open(root, [source.path, options.to, name]);
  try {
    const order = { source, name, peer, key, journal, output, options };
    return await (options.dryRun === true ? dryRun(order) : send(order));
  } finally {
    journal.close();
  }
}

function requireName(name: string): string {
  if (isReplicaName(name)) return name;
  throw new UsageError(
    `a replica cannot be called ${JSON.stringify(name)}`,
    "choose a --name without / \\ and :, not beginning with a dot, of at most 180 bytes",
  );
}

async function dryRun({ source, name, journal, output, options }: Order): Promise<ExitCode> {
  const folder = mkdtempSync(join(tmpdir(), "reference-node-"));
  const over = new AbortController();
  const signalled = untilSignal(over.signal).then((signal) => {
    over.abort(new Interrupted(`${name} was interrupted; nothing was sent`, signal));
  });
  try {
    const path = join(folder, "snapshot");
    await takeSnapshot(source, path, over.signal);
    const cost = await estimate(path, journal.basePath, options, over.signal);
    const document = { ok: true, dryRun: true, name, kind: source.kind, ...cost };
    output.result(document, () => costText(name, cost));
    return ExitCode.OK;
  } finally {
    over.abort();
    await signalled;
    rmSync(folder, { recursive: true });
  }
}

async function send(order: Order): Promise<ExitCode> {
  const { source, name, journal, output, options } = order;
  const over = new AbortController();
  // What has arrived stays at the receiver, for the next run.
  const interrupted = new DwcpError("dwcp.shutdown", "the replication was interrupted");
  const signalled = untilSignal(over.signal).then((signal) => {
    over.abort(interrupted);
    return signal;
  });
  const node = await openNode(order);
  let bar: Progress | undefined;
  let meter: ReplicaMeter | undefined;
  const roundOver = () => {
    bar?.stop();
    bar = undefined;
    meter = undefined;
  };
  const replicator = new Replicator({
    ...options,
    node,
    peer: order.peer,
    source,
    name,
    journal,
    clock: systemTime,
    signal: over.signal,
    onProgress: (arrived, all) => {
      meter ??= new ReplicaMeter(node, arrived);
      (bar ??= progressBar(all)).update(arrived, meter.note(arrived));
    },
  });
  const rounds: ReplicationReport[] = [];
  try {
    for (;;) {
      try {
        for (const report of await replicator.run()) {
          roundOver();
          rounds.push(report);
          if (!output.json) output.result(report, () => roundText(report));
        }
      } catch (error) {
        roundOver();
        if (over.signal.aborted) {
          const rest =
            journal.pending === undefined
              ? "it was still being read, and nothing was sent"
              : "the same command goes on from what has arrived";
          process.stderr.write(`${name} was interrupted; ${rest}\n`);
          break;
        }
        if (options.watch !== true || !(isWireError(error) && error.retryable)) throw error;
        process.stderr.write(`${error.message}; it goes on when the node is back\n`);
      }
      if (options.watch !== true) break;
      await untilNews(replicator, options.every, over.signal);
      if (over.signal.aborted) break;
    }
    const finished = options.watch === true || rounds.length > 0;
    const document = { ok: finished, to: options.to, name, kind: source.kind, rounds };
    if (output.json) output.result(document, () => "");
    return finished ? ExitCode.OK : exitCodeOf(await signalled);
  } finally {
    over.abort();
    await signalled;
    await node.close();
  }
}

function openNode(
  { key, options }: Pick<Order, "key" | "options">,
  baselines?: string,
): Promise<DwcpNode> {
  return startDwcpNode({
    ...(baselines === undefined ? {} : { baselines: { folder: baselines } }),
    nodeId: hostname(),
    security: { mode: "psk", key },
    streams: { minStreams: 1, initialStreams: options.streams },
    connectTimeoutMs: options.timeout,
    sessionTtlMs: options.timeout,
  });
}

async function untilNews(
  replicator: Replicator,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  do await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  while (!signal.aborted && !(await replicator.hasNews().catch(unless(signal))));
}

// What a signal cut short is no failure.
function unless(signal: AbortSignal): (error: unknown) => boolean {
  return (error) => {
    if (signal.aborted) return false;
    throw error;
  };
}

function roundText(report: ReplicationReport): string {
  const { name, rawBytes, wireBytes, durationUs, resumedBytes, rootHash, hadBase } = report;
  const lines = [
    `${name}: ${formatBytes(rawBytes)} in ${formatDuration(durationUs)}, ${formatBytes(wireBytes)} on the wire${ratioText(rawBytes, wireBytes)}`,
    ...(hadBase ? ["the receiver had an earlier state: the difference was sent"] : []),
    ...(resumedBytes === 0 ? [] : [`${formatBytes(resumedBytes)} were there already`]),
    `verified by the receiver, content id ${rootHash}`,
    "",
  ];
  return lines.join("\n");
}

function costText(name: string, { rawBytes, wireBytes, hadBase }: Estimate): string {
  const against = hadBase ? "against the state that the receiver had last" : "without a base";
  return `${name}: ${formatBytes(rawBytes)} would travel as ${formatBytes(wireBytes)}${ratioText(rawBytes, wireBytes)}, ${against}; nothing was sent\n`;
}

function ratioText(rawBytes: number, wireBytes: number): string {
  return wireBytes === 0 ? "" : ` (${(rawBytes / wireBytes).toFixed(1)}:1)`;
}

function level(text: string): number {
  const value = Number(text);
  if (text !== "" && Number.isInteger(value) && value >= 0 && value <= 9) return value;
  throw new InvalidArgumentError("It must be a level from 0 to 9.");
}
