import { EtherError } from "@proj/ether-codecs";
import { CodecId, type CodecName } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type ContentForm, contentForms, openContent } from "../content/detect.js";
import { openSource } from "../content/source.js";
import { sendContent, type SendReport } from "../content-sender.js";
import { dial } from "../dial.js";
import { openPool } from "../tensor/pool-sender.js";
import { streamNumber } from "../tensor/tensor-link.js";
import {
  addDialOptions,
  type DialFlags,
  nodeUrl,
  positiveInteger,
  readDialOptions,
} from "./dial-options.js";
import { endWithSignals } from "./end-with-signals.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { progressBar } from "./progress.js";
import { formatBytes, formatDuration } from "./units.js";

interface SendOptions extends DialFlags {
  readonly to: string;
  readonly as?: ContentForm;
  readonly codec?: CodecName;
  readonly compress: "auto" | "never" | number;
  readonly partBytes: number;
  readonly pool?: number;
  readonly aeronDir?: string;
  readonly allow: readonly string[];
  readonly json?: boolean;
}

const help = `
What is sent, unless --as says otherwise:
  Arrow file or stream, CSV, TSV   a table, column by column (types of CSV columns are found out)
  PNG, JPEG                        an image; --as tensor: float32 of 0..1
  .npy                             a tensor
  JSON                             one document; --as arrow: a list of objects as a table
  other text, other bytes          text, bytes

Large files travel in parts (--part-bytes), so that memory stays bounded at both ends. The receiver answers each part
with its SHA-256 and in the end with what it computed (rows, means, sizes); both are checked here.

Examples:
  $ reference-node send flights.csv --to xcp://127.0.0.1:9944
  $ reference-node send picture.png --to xcp://127.0.0.1:9944 --as tensor --codec TENSOR_F16
  $ cat data.arrow | reference-node send - --to unix:/run/node.sock --encrypt xcp.key --json
`;

/** Adds `send`: sends a file as Ethers and checks the receipt. */
export function addSend(program: Command, exit: (code: ExitCode) => void): void {
  const command = program
    .command("send")
    .description("Send a file to a node and check what the node received.")
    .argument("<file>", "file to send; - for standard input")
    .requiredOption("--to <url>", nodeUrl)
    .addOption(new Option("--as <form>", "what to send it as").choices(contentForms))
    .addOption(
      new Option("--codec <name>", "codec of the bodies (default: by size)").choices(
        Object.keys(CodecId),
      ),
    )
    .option("--compress <level>", "auto, never, or a zstd level from 1 to 19", compression, "auto")
    .option("--part-bytes <n>", "aimed size of one part", positiveInteger, 4_194_304)
    .option("--pool <stream>", "put large data into this stream of the tensor pool", streamNumber)
    .option("--aeron-dir <path>", "the media driver of the pool (default: $AERON_DIR, or Aeron's)")
    .option("--allow <path...>", "folders beneath which the pool may lie", ["/dev/shm"])
    .option("--json", "write one JSON document")
    .addHelpText("after", help);
  addDialOptions(command).action(async (file: string, options: SendOptions) => {
    exit(await send(file, options));
  });
}

async function send(file: string, options: SendOptions): Promise<ExitCode> {
  const output = createOutput(options.json === true);
  endWithSignals();
  const dialOptions = readDialOptions(options, process.env);
  const pool = options.pool === undefined ? undefined : await openPool(options.pool, options);
  const source = await openSource(file);
  try {
    const content = openContent(source, options.as, { partBytes: options.partBytes });
    const { client, connection, link } = await dial(options.to, {
      ...dialOptions,
      ...(pool === undefined ? {} : { pools: { outbox: pool.outbox } }),
    });
    const bar = progressBar(content.totalBytes);
    try {
      const report = await sendContent(connection, link, content, {
        clock: systemTime,
        codec: options.codec,
        compress: options.compress,
        timeoutMs: options.timeout,
        onProgress: (bytes) => bar.update(bytes),
      });
      bar.stop();
      output.result({ ok: true, file, to: options.to, ...report }, () => reportText(file, report));
      return ExitCode.OK;
    } catch (error) {
      throw error instanceof EtherError ? aboutFile(source.name, error) : error;
    } finally {
      bar.stop();
      await client.close();
    }
  } finally {
    await source.close();
    pool?.close();
  }
}

// What a codec cannot carry is in the file.
function aboutFile(name: string, error: EtherError): EtherError {
  const { code, message, details } = error;
  return new EtherError(code, `${name}: ${message}`, { details, cause: error });
}

function reportText(file: string, report: SendReport): string {
  const rate = (report.bodyBytes / report.durationUs) * 1e6;
  const lines = [
    `${file}: ${report.kind}, ${report.parts} part${report.parts === 1 ? "" : "s"} as ${report.codecs.join(", ")}`,
    `${formatBytes(report.bodyBytes)} of bodies, ${formatBytes(report.wireBytes)} on the wire, ${formatDuration(report.durationUs)}, ${formatBytes(rate)}/s`,
    ...(report.shmBytes > 0 ? [`${formatBytes(report.shmBytes)} through shared memory`] : []),
    ...report.notes.map((note) => `note: ${note}`),
    "the receiver computed, and it agrees:",
    JSON.stringify(report.summary, undefined, 2),
  ];
  return `${lines.join("\n")}\n`;
}

function compression(text: string): "auto" | "never" | number {
  if (text === "auto" || text === "never") return text;
  const level = Number(text);
  if (Number.isInteger(level) && level >= 1 && level <= 19) return level;
  throw new InvalidArgumentError("It must be auto, never, or a level from 1 to 19.");
}
