import { backend } from "@proj/native-io";
import { systemTime } from "@proj/wire-types/system";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Interrupted } from "../cli/interrupted.js";
import type { Output } from "../cli/output.js";
import { untilSignal } from "../cli/until-signal.js";
import { parseConfig } from "../config/load.js";
import { burst, type BurstReport } from "../dcquic/burst.js";
import { openDcquicPool } from "../dcquic/dcquic-client.js";
import { parseDcquicUrl } from "../dcquic/dcquic-url.js";
import { formatBurst } from "../dcquic/format-burst.js";
import { nodeVersion } from "../node-version.js";
import { type RunningNode, startNode } from "../node.js";
import { createLogSink } from "../telemetry/logs.js";
import { type ChainResult, measureCallChain } from "./call-chain.js";
import { type Child, type NodeReady, startHttp2Process, startNodeProcess } from "./child.js";
import { type Dataset, loadDataset } from "./dataset.js";
import { formatChain, formatResults, formatSummaries } from "./report.js";
import { HeldThings } from "./held-things.js";
import type { StopResult } from "./stop-result.js";
import { formatReplicaLeg, replicateFlights, type ReplicaLegResult } from "./replica-leg.js";
import { formatTensorLeg, streamFrames, type TensorLegResult } from "./tensor-leg.js";
import { tourStops, type TourTransport } from "./stops.js";
import { Tour } from "./tour.js";

/** How the demo runs. */
export interface DemoOptions {
  /** Ends after the tour instead of serving on. */
  readonly once: boolean;
  /** Where results go. */
  readonly output: Output;
}

/** Time for the rounds of one stop. */
const STOP_BUDGET_US = 300_000;
/** Calls of a burst, few enough for a busy machine. */
const BURST = { streams: 1000, bytes: 500 } as const;

/**
 * Shows what the nodes do: this process is one, the other runs `serve` in a process of its own.
 *
 * A signal ends it in order at any time.
 *
 * @throws Interrupted before everything was shown, and whatever keeps the data from arriving as it was sent
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const over = new AbortController();
  const stopped = untilSignal(over.signal);
  const held = new HeldThings();
  try {
    const cut = stopped.then((signal) => {
      throw new Interrupted("interrupted before everything was shown", signal);
    });
    await Promise.race([cut, show(options, held)]);
    if (!options.once) await stopped;
  } finally {
    over.abort();
    await held.letGo();
  }
}

async function show(options: DemoOptions, held: HeldThings): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "reference-node-"));
  held.hold(() => Promise.resolve(rmSync(folder, { recursive: true })));
  const key = randomBytes(32);
  const tokenFile = join(folder, "control.token");
  const data = loadDataset();
  const node = await startHere();
  held.hold(() => node.close());
  const other = await startNodeProcess(writeConfig(folder, key, tokenFile), held);
  const http2 = await startHttp2Process(held);
  const tour = new Tour({
    clock: systemTime,
    urls: byTransport(other.ready),
    key,
    http2Port: http2.ready.port,
    budgetUs: STOP_BUDGET_US,
  });
  held.hold(() => tour.close());
  const results = await takeTour(tour, data);
  const chain = await measureCallChain({
    url: other.ready.control ?? "",
    token: readFileSync(tokenFile, "utf8").trim(),
    clock: systemTime,
  });
  const stream = await streamFrames(held);
  const calls = await burstTo(other, key);
  const replica = await replicateFlights(
    {
      url: other.ready.dwcp ?? "",
      key,
      replicas: join(folder, "replicas"),
      folder,
      file: join(data.folder, "flights-200k.json"),
    },
    held,
  );
  tell(options, { node, other, results, chain, stream, calls, replica, data });
  if (options.once || options.output.json) return;
  options.output.result(undefined, () => whatNext(node, other, tokenFile, data));
}

async function takeTour(tour: Tour, data: Dataset): Promise<readonly StopResult[]> {
  const results: StopResult[] = [];
  const stops = tourStops(data);
  for (const stop of stops) {
    if (process.stderr.isTTY) {
      process.stderr.write(
        `\r\u001b[K${results.length + 1}/${stops.length} ${stop.what} as ${stop.codec}, ${stop.mode}`,
      );
    }
    results.push(await tour.visit(stop));
  }
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  return results;
}

async function burstTo(other: Child<NodeReady>, key: Uint8Array): Promise<BurstReport> {
  const pool = await openDcquicPool(key, { host: "127.0.0.1" });
  try {
    const peer = parseDcquicUrl(other.ready.dcquic ?? "") ?? "";
    return await burst(pool, { ...BURST, peer, timeoutMs: 30_000, clock: systemTime });
  } finally {
    await pool.close();
  }
}

interface Shown {
  readonly node: RunningNode;
  readonly other: Child<NodeReady>;
  readonly results: readonly StopResult[];
  readonly chain: ChainResult;
  readonly stream: TensorLegResult;
  readonly calls: BurstReport;
  readonly replica: ReplicaLegResult;
  readonly data: Dataset;
}

function tell(options: DemoOptions, shown: Shown): void {
  const { node, other, results, chain, stream, calls, replica, data } = shown;
  const document = {
    ok: true,
    version: nodeVersion(),
    node: process.version,
    backend: backend.kind,
    data: data.folder,
    nodes: [
      { pid: process.pid, listening: node.urls },
      { pid: other.pid, ...other.ready },
    ],
    results,
    callChain: chain,
    tensorStream: stream,
    dcquicBurst: calls,
    replica,
  };
  options.output.result(document, () =>
    [
      `Two nodes, process ${process.pid} and process ${other.pid}; ${backend.kind} backend, Node ${process.version}.`,
      "",
      formatResults(results),
      "Every body arrived with the SHA-256 it was sent with. The receiver computed, and the sender agrees:",
      formatSummaries(results),
      "latency: request to receipt, which the receiver writes after decoding and hashing; median of alternating rounds.",
      "HTTP/2: node:http2 posting the same encoded body to a process that does the same work.",
      "",
      formatChain(chain),
      formatTensorLeg(stream),
      "Calls over dcQUIC, all begun at once:",
      formatBurst(calls),
      formatReplicaLeg(replica),
    ].join("\n"),
  );
}

function startHere(): Promise<RunningNode> {
  const text =
    'node.name = "demo-a"\nlisten = [{ url = "xcp://127.0.0.1:0" }]\nadmin.enabled = false\ncontrol.enabled = false\n';
  const loaded = parseConfig(text, { file: "demo", folder: ".", environment: {} });
  return startNode(loaded, {
    log: createLogSink({ level: "warn", format: "text", node: "demo-a" }),
  });
}

function writeConfig(folder: string, key: Uint8Array, tokenFile: string): string {
  const keyFile = join(folder, "xcp.key");
  writeFileSync(keyFile, Buffer.from(key).toString("hex"), { mode: 0o600 });
  const listen = [
    "xcp://127.0.0.1:0",
    `unix:${folder}/b.sock`,
    "ws://127.0.0.1:0",
    "h2c://127.0.0.1:0",
  ];
  const lines = [
    'node.name = "demo-b"',
    ...listen.map((url) => `[[listen]]\nurl = ${JSON.stringify(url)}`),
    `[security]\ncrypt = "allowed"\nkey_file = ${JSON.stringify(keyFile)}`,
    "[admin]\nport = 0",
    `[dcquic]\nenabled = true\nport = 0\nkey_file = ${JSON.stringify(keyFile)}`,
    `[dwcp]\nenabled = true\nport = 0\nkey_file = ${JSON.stringify(keyFile)}\nreceive_folder = "replicas"`,
    `[control]\nport = 0\ntoken_file = ${JSON.stringify(tokenFile)}`,
    '[log]\nlevel = "error"',
  ];
  const file = join(folder, "b.toml");
  writeFileSync(file, lines.join("\n"));
  return file;
}

function byTransport(ready: NodeReady): Record<TourTransport, string> {
  const find = (scheme: string): string => {
    const url = ready.listening.find((candidate) => candidate.startsWith(scheme));
    if (url === undefined) throw new Error(`the other node does not listen on ${scheme}`);
    return url;
  };
  const { dcquic } = ready;
  if (dcquic === undefined) throw new Error("the other node does not speak dcQUIC");
  const [tcp, unix, ws, h2] = [find("xcp:"), find("unix:"), find("ws:"), find("h2c:")];
  return { tcp, unix, ws, h2, dcquic };
}

function whatNext(
  node: RunningNode,
  other: Child<NodeReady>,
  tokenFile: string,
  data: Dataset,
): string {
  const [url] = other.ready.listening;
  return [
    `Both nodes serve on: ${[...node.urls, ...other.ready.listening].join(", ")}`,
    "",
    "Try, in another terminal in apps/reference-node:",
    `  node dist/main.js ping ${url}`,
    `  node dist/main.js send ${data.folder}/flights-airport.csv --to ${url}`,
    `  node dist/main.js send ${data.folder}/ffox.png --to ${url} --as tensor --codec TENSOR_QNT8`,
    "  echo 107aa1a90200 | node dist/main.js inspect",
    `  node dist/main.js sessions --node ${other.ready.control} --token-file ${tokenFile}`,
    `  curl ${other.ready.admin}/metrics`,
    "",
    "Ctrl-C ends both.",
    "",
  ].join("\n");
}
