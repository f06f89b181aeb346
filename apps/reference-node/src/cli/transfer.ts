import { systemTime } from "@proj/wire-types/system";
import type { Command } from "commander";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { openDcquicPool } from "../dcquic/dcquic-client.js";
import { isFileName } from "../dcquic/purpose.js";
import { sendFile } from "../dcquic/send-file.js";
import { addDcquicOptions, type DcquicFlags, readSharedKey, readPeer } from "./dcquic-options.js";
import { milliseconds, positiveInteger } from "./dial-options.js";
import { endWithSignals } from "./end-with-signals.js";
import { ExitCode } from "./exit-code.js";
import { createOutput, UsageError } from "./output.js";
import { progressBar } from "./progress.js";
import { formatBytes, formatDuration } from "./units.js";

interface TransferOptions extends DcquicFlags {
  readonly range: number;
  readonly parallel: number;
  readonly timeout: number;
  readonly json?: boolean;
}

const MEBIBYTE = 1_048_576;
const MAX_RANGE_MIB = 128;
const DEFAULT_TIMEOUT_MS = 30_000;

const help = `
The node needs [dcquic] receive_folder. The file travels in ranges; each is encrypted, checked and written before it is
reported, and the whole is compared by SHA-256. If the transfer is cut off, the same command goes on with what is missing.

Examples:
  $ reference-node transfer model.bin --to dcquic://10.0.0.7:9950 --key dcquic.key
`;

/** Adds `transfer`: sends a file over dcQUIC. */
export function addTransfer(program: Command, exit: (code: ExitCode) => void): void {
  const command = program
    .command("transfer")
    .description("Send a file over dcQUIC, in ranges that an interrupted transfer need not repeat.")
    .argument("<file>", "what to send")
    .option("--range <MiB>", `bytes of one range, at most ${MAX_RANGE_MIB}`, positiveInteger, 16)
    .option("--parallel <n>", "ranges on the way at a time", positiveInteger, 2)
    .option(
      "--timeout <ms>",
      "give up when the node takes no byte and does not answer for so long",
      milliseconds,
      DEFAULT_TIMEOUT_MS,
    )
    .option("--json", "write one JSON document")
    .addHelpText("after", help);
  addDcquicOptions(command).action(async (file: string, options: TransferOptions) => {
    exit(await transfer(file, options));
  });
}

async function transfer(file: string, options: TransferOptions): Promise<ExitCode> {
  const output = createOutput(options.json === true);
  endWithSignals();
  if (options.range > MAX_RANGE_MIB) {
    throw new UsageError(`--range ${options.range} is too long`, `write at most ${MAX_RANGE_MIB}`);
  }
  const peer = readPeer(options.to);
  const key = readSharedKey(options.key, options.openKeyFiles === true);
  const size = await sizeOf(file);
  if (!isFileName(basename(file))) {
    throw new UsageError(
      `${file} has a name that nodes do not take`,
      "give it one of at most 240 bytes, without backslashes",
    );
  }
  const bar = progressBar(size);
  const pool = await openDcquicPool(key, { timeoutMs: options.timeout });
  const startUs = systemTime.nowUs();
  try {
    const report = await sendFile(pool, file, {
      peer,
      rangeBytes: options.range * MEBIBYTE,
      parallel: options.parallel,
      timeoutMs: options.timeout,
      onProgress: (bytes) => bar.update(bytes),
      onMoved: (bytes) => bar.update(bytes),
    });
    bar.stop();
    const durationUs = Math.round(systemTime.nowUs() - startUs);
    const rate = (report.bytes - report.resumedBytes) / (durationUs / 1e6);
    const took = `${formatBytes(report.bytes)} in ${formatDuration(durationUs)}`;
    const [speed, resumed] =
      report.ranges === 0
        ? ["", ["all of it was there already"]]
        : [`, ${formatBytes(rate)}/s`, resumedLine(report.resumedBytes)];
    output.result({ ok: true, to: options.to, ...report, durationUs }, () =>
      [
        `${report.name}: ${took}${speed}`,
        ...resumed,
        `SHA-256 ${report.sha256}, as the node computed it`,
        "",
      ].join("\n"),
    );
    return ExitCode.OK;
  } finally {
    bar.stop();
    await pool.close();
  }
}

function resumedLine(bytes: number): readonly string[] {
  return bytes === 0 ? [] : [`${formatBytes(bytes)} were there from an earlier attempt`];
}

async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file);
    if (found.isFile()) return found.size;
  } catch {
    // It is told like anything else that is no file.
  }
  throw new UsageError(`${file} is no file that can be read`, "name a file");
}
