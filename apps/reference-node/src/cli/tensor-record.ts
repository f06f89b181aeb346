import type { Command } from "commander";
import { attachConsumer } from "@proj/tensor-pool/node";
import { RecordingWriter } from "../tensor/recording.js";
import {
  addTensorOptions,
  connectFor,
  streamNumber,
  type TensorFlags,
} from "../tensor/tensor-link.js";
import { positiveInteger } from "./dial-options.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { formatBytes } from "./units.js";
import { untilSignal } from "./until-signal.js";

interface RecordFlags extends TensorFlags {
  readonly stream: number;
  readonly out: string;
  readonly frames?: number;
}

const help = `
The file is an Arrow IPC stream with a record for each frame: seq, timestamp_ns, dtype, shape, strides_bytes,
major_order, data. Frames that were overwritten before they were copied are counted as dropped.
`;

/** Adds `tensor record`: the frames of a stream into a file. */
export function addTensorRecord(tensor: Command, exit: (code: ExitCode) => void): void {
  const command = tensor
    .command("record")
    .description(
      "Write the frames of a stream to a file, until Ctrl-C or for as many as are asked.",
    )
    .requiredOption("-s, --stream <id>", "the stream", streamNumber)
    .requiredOption("-o, --out <file>", "where to")
    .option("-n, --frames <n>", "end after so many", positiveInteger)
    .addHelpText("after", help);
  addTensorOptions(command).action(async (flags: RecordFlags) => {
    await record(flags);
    exit(ExitCode.OK);
  });
}

async function record(flags: RecordFlags): Promise<void> {
  const media = await connectFor(flags);
  const over = new AbortController();
  const consumer = await attachConsumer({
    client: media.client,
    streamId: flags.stream,
    allowedDirs: flags.allow,
  });
  const signal = untilSignal(over.signal).then(() => {
    consumer.close();
  });
  const file = new RecordingWriter(flags.out);
  let frames = 0;
  let overwritten = 0;
  try {
    for await (const frame of consumer.frames()) {
      const payload = frame.copy();
      if (payload === undefined) {
        overwritten++;
        continue;
      }
      await file.add(frame, payload);
      if (++frames === flags.frames) break;
    }
  } finally {
    await file.end();
    consumer.close();
    over.abort();
    await signal;
    media.close();
  }
  const { dropsGap, dropsLate } = consumer.counters;
  const dropped = dropsGap + dropsLate + overwritten;
  createOutput(flags.json === true).result(
    { ok: true, file: flags.out, frames, bytes: file.bytes, dropped },
    () => `${frames} frames, ${formatBytes(file.bytes)}, in ${flags.out}; ${dropped} dropped\n`,
  );
}
