import { decodeUtf8 } from "@proj/wire-types";
import type { BulkCall, TransportPool } from "@proj/dcquic-core";
import { open, stat } from "node:fs/promises";
import { systemTime } from "@proj/wire-types/system";
import { basename } from "node:path";
import { z } from "zod";
import { Patience } from "./patience.js";
import { encodePurpose, type FileRange } from "./purpose.js";
import { coveredBytes, type HeldRange, missingRanges } from "./file-ranges.js";
import { sha256Of } from "./received-file.js";

/** Where a file goes and how. */
export interface SendFileOptions {
  /** The node. */
  readonly peer: string;
  /** Bytes of one range. */
  readonly rangeBytes: number;
  /** Ranges that are on the way at a time. */
  readonly parallel: number;
  /** Is told how many bytes the node has in ranges that are safe. */
  readonly onProgress: (bytes: number) => void;
  /** Is told, some times a second, how many bytes arrived there, with those of ranges that are under way. */
  readonly onMoved?: (bytes: number) => void;
  /**
   * For how long the node may neither take bytes nor answer; for ever if absent. While it compares the whole file it may take four
   * times as long in addition as this side took to read it.
   */
  readonly timeoutMs?: number;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** What a transfer came to. */
export interface SendFileReport {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Bytes that were there already. */
  readonly resumedBytes: number;
  readonly ranges: number;
}

const heldRanges: z.ZodType<HeldRange[]> = z.array(
  z.strictObject({ offset: z.int().min(0), bytes: z.int().min(0) }),
);
/** A node's disk may be slower than this one's. */
const COMPARING = 4;
const MOVED_EVERY_MS = 200;
/** How often a node may say that it misses what it reported to be safe, as when it was restarted without durability. */
const MAX_ROUNDS = 3;
/** Urgent calls of others pass by. */
const PRIORITY = 6;

/**
 * Sends a file in ranges; those that the node has from an earlier attempt are left out.
 *
 * @throws DcquicError why a range, or the file as a whole, was not taken; `dcquic.deadline` when nothing happened for `timeoutMs`
 */
export async function sendFile(
  pool: TransportPool,
  path: string,
  options: SendFileOptions,
): Promise<SendFileReport> {
  const { size: total } = await stat(path);
  const beganUs = systemTime.nowUs();
  const file = { name: basename(path), sha256: await sha256Of(path), total };
  const comparingMs = (COMPARING * (systemTime.nowUs() - beganUs)) / 1000;
  const running = new Set<BulkCall>();
  const progress = { bytes: 0 };
  const moved = (): number =>
    [...running].reduce((sum, call) => sum + call.progress.ackedBytes, progress.bytes);
  const patience = new Patience({
    timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
    clock: systemTime,
    progress: moved,
  });
  const showing = setInterval(() => options.onMoved?.(Math.min(moved(), total)), MOVED_EVERY_MS);
  const signals = [patience.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const bounded = { ...options, signal: AbortSignal.any(signals) };
  try {
    return await sendMissing(pool, path, { file, running, progress }, bounded, () =>
      patience.extend(comparingMs),
    );
  } catch (error) {
    throw patience.reasonOf(error);
  } finally {
    clearInterval(showing);
    patience.end();
  }
}

interface Sent {
  readonly file: Omit<FileRange, "offset">;
  readonly running: Set<BulkCall>;
  readonly progress: { bytes: number };
}

// `last` is called before the ranges with which the node may have the whole file.
async function sendMissing(
  pool: TransportPool,
  path: string,
  sent: Sent,
  options: SendFileOptions,
  last: () => void,
): Promise<SendFileReport> {
  const { file } = sent;
  const held = await askRanges(pool, file, options);
  const resumedBytes = coveredBytes(held);
  let missing = missingRanges(held, file.total, options.rangeBytes);
  let ranges = 0;
  sent.progress.bytes = resumedBytes;
  options.onProgress(resumedBytes);
  // The node has the last word on whether it has all.
  for (let round = 0; missing.length > 0; round++) {
    if (round === MAX_ROUNDS) throw lostRanges(file.name);
    ranges += missing.length;
    await sendRanges(pool, path, missing, { sent, options, last });
    missing = missingRanges(await askRanges(pool, file, options), file.total, options.rangeBytes);
  }
  return { ...file, bytes: file.total, resumedBytes, ranges };
}

async function sendRanges(
  pool: TransportPool,
  path: string,
  missing: readonly HeldRange[],
  how: { readonly sent: Sent; readonly options: SendFileOptions; readonly last: () => void },
): Promise<void> {
  const { sent, options, last } = how;
  const { file, progress, running } = sent;
  const handle = await open(path, "r");
  const next = missing.values();
  const work = async (): Promise<void> => {
    for (const range of next) {
      const bytes = new Uint8Array(range.bytes);
      await readFully(handle, bytes, range.offset);
      if (range === missing.at(-1)) last();
      await sendRange(pool, { ...file, offset: range.offset }, bytes, options, running);
      progress.bytes += bytes.length;
      options.onProgress(progress.bytes);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.parallel }, work));
  } finally {
    await handle.close();
  }
}

function lostRanges(name: string): Error {
  return new Error(`the node lost parts of ${name} that it had reported to be safe`);
}

async function askRanges(
  pool: TransportPool,
  file: Omit<FileRange, "offset">,
  { peer, signal }: SendFileOptions,
): Promise<readonly HeldRange[]> {
  const call = pool.unaryRpc(peer, new Uint8Array(0), {
    meta: encodePurpose({ for: "ranges", file }),
    idempotent: true,
    ...(signal === undefined ? {} : { signal }),
  });
  return heldRanges.parse(JSON.parse(decodeUtf8((await call.response).bytes)));
}

async function sendRange(
  pool: TransportPool,
  file: FileRange,
  bytes: Uint8Array,
  { peer, signal }: SendFileOptions,
  running: Set<BulkCall>,
): Promise<void> {
  const call = pool.rawBulkTransfer(peer, bytes, {
    meta: encodePurpose({ for: "range", file }),
    priority: PRIORITY,
    idempotent: true,
    ...(signal === undefined ? {} : { signal }),
  });
  running.add(call);
  try {
    await call.done;
  } finally {
    running.delete(call);
  }
}

async function readFully(
  handle: Awaited<ReturnType<typeof open>>,
  bytes: Uint8Array,
  offset: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const left = bytes.length - done;
    const { bytesRead } = await handle.read(bytes, done, left, offset + done);
    if (bytesRead === 0) throw new Error("the file became shorter while it was sent");
    done += bytesRead;
  }
}
