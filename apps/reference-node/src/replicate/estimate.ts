import {
  type ByteSource,
  CHUNK_HEADER_BYTES,
  type DeltaAlgorithm,
  FRAME_HEADER_BYTES,
  indexOf,
  ObjectEncoder,
  resolveDwcpLimits,
} from "@proj/dwcp";
import { nodeHdePlatform } from "@proj/dwcp/node";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

/** What a replication would cost. */
export interface Estimate {
  readonly rawBytes: number;
  /** Units with their headers; what gets lost on the way comes on top. */
  readonly wireBytes: number;
  readonly hadBase: boolean;
}

/** How a snapshot would be encoded. */
export interface EstimateOptions {
  readonly level: number;
  readonly algorithm: DeltaAlgorithm;
}

const PAGE_BYTES = 4_096;
const CHUNK_BYTES = 262_144;

/** After so long something else gets its turn, a signal above all. */
const TURN_MS = 50;

/**
 * Encodes a snapshot as a transfer would, against the state the receiver had last, and sends nothing.
 *
 * @throws the reason of `signal`
 */
export async function estimate(
  path: string,
  basePath: string | undefined,
  { level, algorithm }: EstimateOptions,
  signal?: AbortSignal,
): Promise<Estimate> {
  const platform = await nodeHdePlatform();
  const limits = resolveDwcpLimits();
  const opened: number[] = [];
  try {
    const source = openSource(path, opened);
    const base = basePath === undefined ? undefined : openSource(basePath, opened);
    const reference =
      base === undefined
        ? undefined
        : { slot: 0, source: base, anchors: indexOf(base, platform), isInPlace: true };
    const header = FRAME_HEADER_BYTES + CHUNK_HEADER_BYTES;
    const encoder = new ObjectEncoder(source, reference, {
      platform,
      level,
      algorithm,
      pageBytes: PAGE_BYTES,
      chunkBytes: CHUNK_BYTES,
      maxUnitRawBytes: limits.maxUnitRawBytes,
      maxEncodedBytes: limits.maxFrameBytes - header,
    });
    let wireBytes = 0;
    let turnedMs = performance.now();
    for (const { encoded } of encoder.encode(0, source.length)) {
      wireBytes += header + encoded.length;
      if (performance.now() - turnedMs < TURN_MS) continue;
      await nextTurn();
      signal?.throwIfAborted();
      turnedMs = performance.now();
    }
    return { rawBytes: source.length, wireBytes, hadBase: base !== undefined };
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function openSource(path: string, opened: number[]): ByteSource {
  const fd = openSync(path, "r");
  opened.push(fd);
  return {
    length: fstatSync(fd).size,
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const count = readSync(fd, bytes, done, length - done, offset + done);
        if (count === 0) throw new Error(`${path} became shorter`);
        done += count;
      }
      return bytes;
    },
  };
}
