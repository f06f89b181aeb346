import { randomInt } from "node:crypto";
import { userInfo } from "node:os";
import type { Client } from "@proj/aeron";
import { type Backend, backend as machine } from "@proj/native-io";
import { encodeAnnounce, type StreamLayout } from "../announce/announce.js";
import type { PoolLayout } from "../region/layout.js";
import type { MappedStream } from "../region/mapped-stream.js";
import { touchSuperblock } from "../region/superblock.js";
import { DEFAULT_CHANNEL, StreamIds } from "../stream-ids.js";
import { DescriptorFanOut } from "../supervisor/descriptor-fan-out.js";
import { monotonicNs } from "./monotonic-clock.js";
import { openAll, type Opened } from "./opened.js";
import { createRegions } from "./region-files.js";

/** How often a stream is announced, in milliseconds. spec/tensor-pool.md §7 */
const ANNOUNCE_PERIOD_MS = 1_000;

/** How a stream without a driver is started. */
export interface DirectStreamOptions {
  /** The client that carries descriptors and announces. */
  readonly client: Client;
  /** The stream. */
  readonly streamId: number;
  /** Who writes, not 0; by default random. */
  readonly producerId?: number;
  /** Slots of the ring and of every pool, a power of two; by default 1024. */
  readonly nslots?: number;
  /** The pools. */
  readonly pools: readonly PoolLayout[];
  /** The folder beneath which the regions' files are made; by default `/dev/shm`. */
  readonly baseDir?: string;
  /** Whether the regions' memory is taken at once, so that writing cannot run out of it; by default it is. */
  readonly reserve?: boolean;
  /** Whether the regions' memory is kept out of swap; by default not. */
  readonly lock?: boolean;
  /** Permissions of the regions' files before the umask; by default 0o660. */
  readonly fileMode?: number;
  /** Bytes of a huge page, where regions must lie on such. */
  readonly hugepageBytes?: number;
  /** A part of the regions' path; by default `default`. */
  readonly namespace?: string;
  /** The channel of descriptors and announces; the same text for all who meet on it. */
  readonly channel?: string;
  /** The channel of announces, where it is another one. */
  readonly announceChannel?: string;
  /** The Aeron stream of descriptors; by default 1100. */
  readonly descriptorStreamId?: number;
  /** The Aeron stream of announces; by default 1001. */
  readonly announceStreamId?: number;
  /** What lends the memory; by default what this machine has. */
  readonly backend?: Backend;
}

/** Regions that this process has made and announces. */
export interface DirectStream {
  /** The regions, mapped for writing. */
  readonly stream: MappedStream;
  /** What is announced. */
  readonly layout: StreamLayout;
  /** Where descriptors go. */
  readonly descriptors: DescriptorFanOut;
  /** Keeps what is written before it before what is written after it. */
  readonly fence: () => void;
  /** Stops announcing, and removes the regions' files. */
  close(): void;
}

/**
 * Makes the regions of a new epoch and announces them each second. On failure nothing stays open.
 *
 * @throws NativeIoError, AeronError.
 */
export function startDirectStream(options: DirectStreamOptions): Promise<DirectStream> {
  return openAll((opened) => startStream(options, opened));
}

async function startStream(options: DirectStreamOptions, opened: Opened): Promise<DirectStream> {
  const { client, streamId, channel = DEFAULT_CHANNEL, baseDir = "/dev/shm" } = options;
  const backend = options.backend ?? machine;
  const { descriptorStreamId = StreamIds.descriptor } = options;
  const { announceChannel = channel, announceStreamId = StreamIds.announce } = options;
  const folders = opened.keep(backend.shm.allow([baseDir]));
  const regions = createRegions(folders, {
    baseDir,
    user: userInfo().username,
    namespace: options.namespace ?? "default",
    streamId,
    epoch: monotonicNs(),
    nslots: options.nslots ?? 1_024,
    pools: options.pools,
    nowNs: monotonicNs(),
    pid: process.pid,
    reserve: options.reserve ?? true,
    lock: options.lock ?? false,
    ...(options.fileMode === undefined ? {} : { fileMode: options.fileMode }),
    ...(options.hugepageBytes === undefined
      ? {}
      : { requireHugepages: true, hugepageBytes: options.hugepageBytes }),
  });
  const { stream } = regions;
  opened.keep({
    close: () => {
      stream.unmap();
      regions.unlink();
    },
  });
  const shared = await opened.opening(client.addExclusivePublication(channel, descriptorStreamId));
  const announces = await opened.opening(
    client.addExclusivePublication(announceChannel, announceStreamId),
  );
  const layout: StreamLayout = {
    streamId,
    producerId: options.producerId ?? randomInt(1, 2 ** 31),
    epoch: stream.epoch,
    announceTimestampNs: monotonicNs(),
    clock: "monotonic",
    nslots: stream.nslots,
    ring: regions.ring,
    pools: regions.pools,
  };
  const announce = (): void => {
    const now = monotonicNs();
    for (const { bytes } of stream.superblocks) touchSuperblock(bytes, now);
    announces.offer(encodeAnnounce({ ...layout, announceTimestampNs: now }));
  };
  announce();
  opened.every(ANNOUNCE_PERIOD_MS, announce);
  const descriptors = opened.keep(new DescriptorFanOut(shared, monotonicNs));
  return {
    stream,
    layout,
    descriptors,
    fence: backend.shm.fence,
    close: () => {
      opened.close();
    },
  };
}
