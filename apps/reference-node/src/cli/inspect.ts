import type { Command } from "commander";
import { openSource, type Source } from "../content/source.js";
import { formatFrame } from "../inspect/hex-view.js";
import { readInput } from "../inspect/input.js";
import { type InspectedFrame, Inspector } from "../inspect/inspector.js";
import { explainCode } from "../inspect/explain.js";
import { positiveInteger } from "./dial-options.js";
import { ExitCode } from "./exit-code.js";
import { createOutput, UsageError } from "./output.js";

/** Inputs above this are not read: they would have to fit into memory. */
const MAX_INPUT_BYTES = 1024 * 1024 * 1024;

interface InspectOptions {
  readonly json?: boolean;
  readonly hex?: boolean;
  readonly raw?: boolean;
  readonly whole?: boolean;
  readonly maxMessage: number;
}

const help = `
The input is any number of frames of one direction, as they are on the wire, or the same as hex text. Hex may hold
blanks, comments (# …) and the offsets of xxd and hexdump -C.

The exit code is 1 when anything is wrong with any frame.

Examples:
  $ echo '10 7a a1 a9 02 …' | reference-node inspect
  $ reference-node inspect capture.bin --json | jq .frames[].summary
`;

/** Adds `inspect`: decodes and explains frames. */
export function addInspect(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("inspect")
    .description(
      "Decode and explain frames: every byte with its name, bodies decoded, errors at their byte.",
    )
    .argument("[file]", "file to read; - for standard input", "-")
    .option("--hex", "the input is hex text (otherwise found out)")
    .option("--raw", "the input is raw bytes (otherwise found out)")
    .option("--whole", "show every byte of long fields")
    .option(
      "--max-message <bytes>",
      "largest message to decompress or reassemble",
      positiveInteger,
      67_108_864,
    )
    .option("--json", "write one JSON document")
    .addHelpText("after", help)
    .action(async (file: string, options: InspectOptions) => {
      exit(await inspect(file, options));
    });
}

async function inspect(file: string, options: InspectOptions): Promise<ExitCode> {
  if (options.hex === true && options.raw === true) {
    throw new UsageError("--hex and --raw exclude each other", "leave one out");
  }
  const source = await openSource(file);
  const input = await readAll(source);
  const form = options.hex === true ? "hex" : options.raw === true ? "raw" : "auto";
  const bytes = readInput(input, form);
  if (typeof bytes === "string") {
    throw new UsageError(
      `${source.name}: ${bytes}`,
      "correct it, or write --raw if it is no hex text",
    );
  }
  if (bytes.length === 0) {
    throw new UsageError(`${source.name} is empty`, "give it frames, as bytes or as hex text");
  }
  const output = createOutput(options.json === true);
  const inspector = new Inspector(bytes, { maxMessageBytes: options.maxMessage });
  const frames: InspectedFrame[] = [];
  let wrong = 0;
  for (const frame of inspector.frames()) {
    wrong += frame.findings.length;
    if (output.json) frames.push(frame);
    else
      output.result(undefined, () => formatFrame(frame, bytes, { whole: options.whole === true }));
  }
  if (output.json) {
    const explained = frames.map((frame) => ({
      ...frame,
      findings: frame.findings.map((finding) => ({
        ...finding,
        explanation: explainCode(finding.code),
      })),
    }));
    output.result({ ok: wrong === 0, bytes: bytes.length, frames: explained }, () => "");
  }
  return wrong === 0 ? ExitCode.OK : ExitCode.FAILURE;
}

async function readAll(source: Source): Promise<Uint8Array> {
  try {
    return await source.whole(MAX_INPUT_BYTES);
  } finally {
    await source.close();
  }
}
