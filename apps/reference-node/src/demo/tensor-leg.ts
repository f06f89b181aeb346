import { backend } from "@proj/native-io";
import { isWireError } from "@proj/wire-types";
import { parseConfig } from "@proj/tensor-pool/node";
import type { PoolConfig } from "@proj/tensor-pool";
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { formatTable } from "../cli/text-table.js";
import { formatBytes, formatDuration } from "../cli/units.js";
import { startTensorService } from "../tensor/tensor-service.js";
import type { HeldThings } from "./held-things.js";
import { endProcess } from "./child.js";
import { FRAME_BYTES, FRAME_SIDE } from "./moving-picture.js";

/** What the processes of the stream are told: how much to write, or to stop reading. */
export interface FramesOrder {
  readonly framesPerSecond: number;
  readonly seconds: number;
}

/** What a reader found. */
interface ReaderResult {
  /** Frames that arrived as they were written. */
  readonly frames: number;
  /** Frames that did not. */
  readonly wrong: number;
  /** Frames that were overwritten before they were read, or of which nobody told. */
  readonly dropped: number;
  /** From capture to being read, in microseconds. */
  readonly p50Us: number;
  /** The same for the slowest hundredth. */
  readonly p99Us: number;
}

/** What the processes of the stream tell. */
export type FramesReport =
  | { readonly kind: "ready" }
  | { readonly kind: "written"; readonly frames: number }
  | ({ readonly kind: "read" } & ReaderResult);

/** What became of the stream. */
export type TensorLegResult =
  | {
      readonly frameBytes: number;
      readonly written: number;
      readonly seconds: number;
      readonly readers: readonly (ReaderResult & { readonly pid: number | undefined })[];
    }
  | { readonly skipped: string };

const main = fileURLToPath(new URL("./frames-main.js", import.meta.url));
const STREAM = 10_000;
const ORDER: FramesOrder = { framesPerSecond: 500, seconds: 2 };
/** What is under way when the writer is done. */
const SETTLE_MS = 100;

/**
 * Streams pictures from one process to two others through shared memory.
 *
 * Where the machine does not lend what it takes, the result says so.
 *
 * @throws Error when a frame arrived that was not written
 */
export async function streamFrames(held: HeldThings): Promise<TensorLegResult> {
  if (backend.kind !== "native") {
    return { skipped: `only native code maps memory that processes share: ${backend.reason}` };
  }
  const aeronDir = `/dev/shm/aeron-reference-demo-${process.pid}`;
  try {
    const service = await startTensorService({ config: poolConfig(), aeronDir });
    held.hold(() => service.close());
  } catch (error) {
    if (isWireError(error)) return { skipped: error.message };
    throw error;
  }
  const writer = await start("writer", aeronDir, held);
  const readers = [await start("reader", aeronDir, held), await start("reader", aeronDir, held)];
  writer.child.send(ORDER);
  const written = await writer.next();
  await sleep(SETTLE_MS);
  const results = await Promise.all(
    readers.map(async ({ child, next }) => {
      child.send(ORDER);
      const report = await next();
      if (report.kind !== "read") throw new Error(`a reader said ${report.kind}`);
      const { kind: _, ...result } = report;
      return { ...result, pid: child.pid };
    }),
  );
  const wrong = results.reduce((sum, result) => sum + result.wrong, 0);
  if (wrong > 0) throw new Error(`${wrong} frames arrived that nobody wrote`);
  return {
    frameBytes: FRAME_BYTES,
    written: written.kind === "written" ? written.frames : 0,
    seconds: ORDER.seconds,
    readers: results,
  };
}

/** Tells what became of the stream. */
export function formatTensorLeg(result: TensorLegResult): string {
  if ("skipped" in result) return `Tensor stream: left out; ${result.skipped}\n`;
  const { written, seconds, frameBytes, readers } = result;
  const rows = readers.map(({ pid, frames, dropped, p50Us, p99Us }) => [
    String(pid),
    String(frames),
    (frames / seconds).toFixed(0),
    `${formatBytes((frames * frameBytes) / seconds)}/s`,
    formatDuration(p50Us),
    formatDuration(p99Us),
    String(dropped),
  ]);
  const heads = ["process", "frames", "frames/s", "read in place", "p50", "p99", "dropped"];
  return [
    `Tensor stream: ${written} pictures of ${FRAME_SIDE}×${FRAME_SIDE} pixels, ${formatBytes(frameBytes)} each, from one process to two others:`,
    "",
    formatTable(heads, rows, { right: [0, 1, 2, 3, 4, 5, 6] }),
    "The tensors lie in shared memory and are not copied; p50 and p99 are from capture to the reader's first look.",
    "",
  ].join("\n");
}

interface Party {
  readonly child: ChildProcess;
  /** What it says next. */
  next(): Promise<FramesReport>;
}

async function start(
  role: "writer" | "reader",
  aeronDir: string,
  held: HeldThings,
): Promise<Party> {
  const child = fork(main, [role, aeronDir, String(STREAM)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  held.hold(() => endProcess(child));
  const next = (): Promise<FramesReport> =>
    new Promise((resolve, reject) => {
      const gone = (code: number | null): void => {
        reject(new Error(`a ${role} of the tensor stream ended with code ${code}`));
      };
      child.once("exit", gone);
      child.once("message", (report) => {
        child.off("exit", gone);
        resolve(report as FramesReport);
      });
    });
  await next();
  return { child, next };
}

// A ring of 16 frames takes 10 MiB; the namespace keeps demos apart that run at the same time.
function poolConfig(): PoolConfig {
  const result = parseConfig(`
[driver]
announce_stream_id = 1001
[shm]
namespace = "demo-${process.pid}"
[policies]
cleanup_shm_on_exit = true
shutdown_timeout_ms = 0
[profiles.pictures]
header_nslots = 16
payload_pools = [{ pool_id = 1, stride_bytes = 655360 }]
[streams.pictures]
stream_id = ${STREAM}
profile = "pictures"
`);
  if (result.kind === "config") return result.config;
  throw new Error(result.problems.map(({ key, message }) => `${key}: ${message}`).join("; "));
}
