import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { attachConsumer } from "@proj/tensor-pool/node";
import { encodePng, framePicture } from "../tensor/frame-picture.js";
import {
  addTensorOptions,
  connectFor,
  streamNumber,
  type TensorFlags,
} from "../tensor/tensor-link.js";
import { positiveInteger } from "./dial-options.js";
import { ExitCode } from "./exit-code.js";
import { createOutput, UsageError } from "./output.js";

interface ViewFlags extends TensorFlags {
  readonly stream: number;
  readonly out: string;
  readonly timeout: number;
}

/** Adds `tensor view`: one frame of an image stream as a picture. */
export function addTensorView(tensor: Command, exit: (code: ExitCode) => void): void {
  const command = tensor
    .command("view")
    .description("Write the next frame of an image stream as PNG.")
    .requiredOption("-s, --stream <id>", "the stream", streamNumber)
    .requiredOption("-o, --out <file>", "where to")
    .option("-t, --timeout <ms>", "how long to wait for a frame", positiveInteger, 10_000);
  addTensorOptions(command).action(async (flags: ViewFlags) => {
    exit(await view(flags));
  });
}

async function view(flags: ViewFlags): Promise<ExitCode> {
  const media = await connectFor(flags);
  const output = createOutput(flags.json === true);
  const consumer = await attachConsumer({
    client: media.client,
    streamId: flags.stream,
    allowedDirs: flags.allow,
  });
  const timer = setTimeout(() => {
    consumer.close();
  }, flags.timeout);
  try {
    for await (const frame of consumer.frames()) {
      const picture = framePicture(frame);
      if (!frame.stillValid()) continue;
      if (typeof picture === "string") {
        throw new UsageError(`frame ${frame.seq} is no picture: ${picture}`, "record it instead");
      }
      writeFileSync(flags.out, encodePng(picture));
      const { width, height } = picture;
      const { seq } = frame;
      output.result(
        { ok: true, file: flags.out, stream: flags.stream, seq, width, height },
        () => `frame ${seq}, ${width}×${height} pixels, in ${flags.out}\n`,
      );
      return ExitCode.OK;
    }
  } finally {
    clearTimeout(timer);
    consumer.close();
    media.close();
  }
  throw new UsageError(
    `no frame of stream ${flags.stream} in ${flags.timeout} ms`,
    "look at `reference-node tensor watch`, or wait longer with --timeout",
  );
}
