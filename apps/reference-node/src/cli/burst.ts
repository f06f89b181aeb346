import { systemTime } from "@proj/wire-types/system";
import type { Command } from "commander";
import { randomBytes } from "node:crypto";
import { burst, type BurstReport, MAX_BURST_BYTES } from "../dcquic/burst.js";
import { openDcquicPool } from "../dcquic/dcquic-client.js";
import { formatBurst } from "../dcquic/format-burst.js";
import { dcquicSchema } from "../dcquic/dcquic-config.js";
import { DcquicService } from "../dcquic/dcquic-service.js";
import { parseDcquicUrl } from "../dcquic/dcquic-url.js";
import { readSharedKey, readPeer } from "./dcquic-options.js";
import { milliseconds, positiveInteger } from "./dial-options.js";
import { endWithSignals } from "./end-with-signals.js";
import { ExitCode } from "./exit-code.js";
import { createOutput, UsageError } from "./output.js";
import { formatBytes } from "./units.js";

interface BurstFlags {
  readonly to?: string;
  readonly key?: string;
  readonly openKeyFiles?: boolean;
  readonly streams: number;
  readonly bytes: number;
  readonly timeout: number;
  readonly json?: boolean;
}

type Size = Pick<BurstFlags, "streams" | "bytes" | "timeout">;

const help = `
Without --to the calls go to a node in this process, over loopback: both sides share one thread.

Examples:
  $ reference-node burst
  $ reference-node burst --streams 10000 --bytes 1200 --to dcquic://10.0.0.7:9950 --key dcquic.key --json
`;

/** Adds `burst`: makes thousands of calls at once and measures them. */
export function addBurst(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("burst")
    .description(
      "Begin thousands of dcQUIC calls at once; tell goodput, its ratio and percentiles.",
    )
    .option("--to <url>", "the node: dcquic://host:port")
    .option("--key <file>", "the key that both know; with --to")
    .option("--open-key-files", "accept key files that others can read")
    .option("--streams <n>", "calls", positiveInteger, 10_000)
    .option(
      "--bytes <n>",
      "bytes of each request and answer; 1 GiB in all at most",
      positiveInteger,
      1200,
    )
    .option("--timeout <ms>", "wait this long for a connection or an answer", milliseconds, 30_000)
    .option("--json", "write one JSON document")
    .addHelpText("after", help)
    .action(async (options: BurstFlags) => {
      exit(await run(options));
    });
}

async function run(options: BurstFlags): Promise<ExitCode> {
  const output = createOutput(options.json === true);
  endWithSignals();
  const { to, key } = options;
  if (to !== undefined && key === undefined) {
    throw new UsageError("--to needs --key", "name the file of the key that the node has");
  }
  checkSize(options);
  const report =
    to === undefined || key === undefined
      ? await burstHere(options)
      : await burstTo(readPeer(to), readSharedKey(key, options.openKeyFiles === true), options);
  const ok = report.answered === report.streams;
  output.result({ ok, ...report }, () => formatBurst(report));
  return ok ? ExitCode.OK : ExitCode.FAILURE;
}

// All of them are begun at once: their payload has to be in memory, and more than a node takes would be sent for nothing.
function checkSize({ streams, bytes }: BurstFlags): void {
  if (streams * bytes <= MAX_BURST_BYTES) return;
  const all = formatBytes(streams * bytes);
  throw new UsageError(
    `${streams} calls of ${bytes} bytes are ${all} at once, and at most ${formatBytes(MAX_BURST_BYTES)} may be`,
    "lower --bytes or --streams",
  );
}

async function burstTo(
  peer: string,
  key: Uint8Array,
  { streams, bytes, timeout }: Size,
): Promise<BurstReport> {
  const pool = await openDcquicPool(key, { timeoutMs: timeout });
  try {
    return await burst(pool, { peer, streams, bytes, timeoutMs: timeout, clock: systemTime });
  } finally {
    await pool.close();
  }
}

// Two pools of this process, over loopback.
async function burstHere(size: Size): Promise<BurstReport> {
  const key = randomBytes(32);
  const service = await DcquicService.start({
    config: dcquicSchema.parse({ enabled: true, port: 0, durability: "none" }),
    key,
    serveXcp: (stream) => stream.destroy(),
    told: () => {},
    failed: () => {},
  });
  try {
    return await burstTo(parseDcquicUrl(service.url) ?? "", key, size);
  } finally {
    await service.close();
  }
}
