import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { type SeenStream, StreamWatch } from "../tensor/stream-watch.js";
import { addTensorOptions, connectFor, type TensorFlags } from "../tensor/tensor-link.js";
import { positiveInteger } from "./dial-options.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { formatTable } from "./text-table.js";
import { formatBytes } from "./units.js";
import { untilSignal } from "./until-signal.js";

interface WatchFlags extends TensorFlags {
  readonly interval: number;
  readonly count?: number;
}

const POLL_MS = 5;
const help = `
It attaches to nothing: streams are seen by their announces and descriptors. With --json one document per look.
`;

/** Adds `tensor watch`: streams and their live rates. */
export function addTensorWatch(tensor: Command, exit: (code: ExitCode) => void): void {
  const command = tensor
    .command("watch")
    .description("Tell which streams there are, and how fast they go.")
    .option("-i, --interval <ms>", "time between looks", positiveInteger, 1_000)
    .option("-c, --count <n>", "end after so many looks", positiveInteger)
    .addHelpText("after", help);
  addTensorOptions(command).action(async (flags: WatchFlags) => {
    await watchStreams(flags);
    exit(ExitCode.OK);
  });
}

async function watchStreams(flags: WatchFlags): Promise<void> {
  const output = createOutput(flags.json === true);
  const media = await connectFor(flags);
  const over = new AbortController();
  const stop = new AbortController();
  const signal = untilSignal(over.signal).then(() => {
    stop.abort();
  });
  const watch = new StreamWatch();
  try {
    await watch.start(media.client);
    let lookedMs = performance.now();
    for (
      let looks = 0;
      !stop.signal.aborted && looks < (flags.count ?? Number.POSITIVE_INFINITY);
    ) {
      watch.poll();
      await sleep(POLL_MS);
      const seconds = (performance.now() - lookedMs) / 1_000;
      if (seconds * 1_000 < flags.interval) continue;
      lookedMs = performance.now();
      looks++;
      const streams = watch.look(Date.now());
      const rated = streams.map((stream) => ({
        ...stream,
        framesPerSecond: stream.frames / seconds,
      }));
      output.result({ ok: true, seconds, streams: rated }, () => table(streams, seconds));
    }
  } finally {
    watch.close();
    media.close();
    over.abort();
    await signal;
  }
}

function table(streams: readonly SeenStream[], seconds: number): string {
  if (streams.length === 0) return "no streams\n";
  const rows = streams.map((stream) => [
    String(stream.streamId),
    stream.name,
    String(stream.epoch),
    stream.producerId === 0 ? "nobody" : String(stream.producerId),
    String(stream.nslots),
    stream.strides.map((bytes) => formatBytes(bytes)).join(" "),
    (stream.frames / seconds).toFixed(1),
    String(stream.lastSeq),
    String(stream.gaps),
  ]);
  const heads = [
    "stream",
    "name",
    "epoch",
    "producer",
    "slots",
    "pools",
    "frames/s",
    "last",
    "gaps",
  ];
  return formatTable(heads, rows, { right: [0, 2, 3, 4, 6, 7, 8] });
}
