import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { FrameTemplate } from "@proj/tensor-pool";
import { type AttachedProducer, attachProducer } from "@proj/tensor-pool/node";
import { type RecordedFrame, readRecording } from "../tensor/recording.js";
import {
  addTensorOptions,
  connectFor,
  streamNumber,
  type TensorFlags,
} from "../tensor/tensor-link.js";
import { positiveInteger } from "./dial-options.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { untilSignal } from "./until-signal.js";

interface ReplayFlags extends TensorFlags {
  readonly stream: number;
  readonly in: string;
  readonly rate?: number;
  readonly loops: number;
}

/** Adds `tensor replay`: a recording as a stream. */
export function addTensorReplay(tensor: Command, exit: (code: ExitCode) => void): void {
  const command = tensor
    .command("replay")
    .description("Publish a recording as a stream, as fast as it was recorded.")
    .requiredOption(
      "-s, --stream <id>",
      "the stream, which the driver has or may make",
      streamNumber,
    )
    .requiredOption("-i, --in <file>", "a file that `tensor record` wrote")
    .option("-r, --rate <hz>", "so many frames a second instead", positiveInteger)
    .option("-l, --loops <n>", "how often", positiveInteger, 1);
  addTensorOptions(command).action(async (flags: ReplayFlags) => {
    await replay(flags);
    exit(ExitCode.OK);
  });
}

async function replay(flags: ReplayFlags): Promise<void> {
  const media = await connectFor(flags);
  const over = new AbortController();
  const producer = await attachProducer({
    client: media.client,
    streamId: flags.stream,
    allowedDirs: flags.allow,
  });
  const stop = new AbortController();
  const signal = untilSignal(over.signal).then(() => {
    stop.abort();
    producer.close();
  });
  let frames = 0;
  let refused = 0;
  try {
    await producer.mapped();
    for (let loop = 0; loop < flags.loops && !stop.signal.aborted; loop++) {
      const pace = new Pace(flags.rate);
      for await (const frame of readRecording(flags.in)) {
        await pace.until(frame);
        if (stop.signal.aborted) break;
        if (publish(producer, frame) >= 0) frames++;
        else refused++;
      }
    }
  } finally {
    producer.close();
    over.abort();
    await signal;
    media.close();
  }
  createOutput(flags.json === true).result(
    { ok: true, stream: flags.stream, frames, refused },
    () => `${frames} frames on stream ${flags.stream}; ${refused} could not be published\n`,
  );
}

function publish(producer: AttachedProducer, { type, bytes }: RecordedFrame): number {
  const template = new FrameTemplate(type);
  return producer.publishBytes(template, bytes.subarray(0, template.payloadBytes));
}

/** Waits until it is time for a frame: at a rate, or as long after the first as it was recorded. */
class Pace {
  readonly #rate: number | undefined;
  readonly #startMs = performance.now();
  #frames = 0;
  #firstNs: bigint | undefined;

  constructor(rate: number | undefined) {
    this.#rate = rate;
  }

  async until({ timestampNs }: RecordedFrame): Promise<void> {
    this.#firstNs ??= timestampNs;
    const dueMs =
      this.#rate === undefined
        ? Number(timestampNs - this.#firstNs) / 1e6
        : (this.#frames * 1_000) / this.#rate;
    this.#frames++;
    const waitMs = this.#startMs + dueMs - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    else await new Promise((resolve) => void setImmediate(resolve));
  }
}
