import { randomInt } from "node:crypto";
import { userInfo } from "node:os";
import type { Client, ExclusivePublication } from "@proj/aeron";
import { type Backend, backend as machine, type ShmFolders } from "@proj/native-io";
import { encodeAnnounce, type StreamLayout } from "../announce/announce.js";
import { Producer } from "../producer/producer.js";
import type { PoolLayout } from "../region/layout.js";
import { touchSuperblock } from "../region/superblock.js";
import { DEFAULT_CHANNEL, StreamIds } from "../stream-ids.js";
import { monotonicNs, writeMonotonicNs } from "./monotonic-clock.js";
import { type CreatedRegions, createRegions } from "./region-files.js";

/** How often a stream is announced, in milliseconds. spec/tensor-pool.md §7 */
const ANNOUNCE_PERIOD_MS = 1_000;

/** As many waiters as there may be. */
const EVERYBODY = 2 ** 31 - 1;

/** How a producer without a driver is started. */
export interface DirectProducerOptions {
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
  /** Whether readers that block are woken, by a call of the system for each frame; by default not. */
  readonly wakeReaders?: boolean;
  /** A part of the regions' path; by default `default`. */
  readonly namespace?: string;
  /** The channel of descriptors and announces; the same text for all who meet on it. */
  readonly channel?: string;
  /** The Aeron stream of descriptors; by default 1100. */
  readonly descriptorStreamId?: number;
  /** The Aeron stream of announces; by default 1001. */
  readonly announceStreamId?: number;
  /** What lends the memory; by default what this machine has. */
  readonly backend?: Backend;
}

/** A producer that makes and announces its own regions. */
export interface DirectProducer {
  /** Writes frames. */
  readonly producer: Producer;
  /** What is announced. */
  readonly layout: StreamLayout;
  /** Stops, and removes the regions' files. Consumers that have mapped them keep what they have. */
  close(): void;
}

/**
 * Starts a producer without a driver: it makes the regions of a new epoch, announces them each second, and writes.
 *
 * @throws {@link NativeIoError}, {@link AeronError}.
 */
export async function startDirectProducer(options: DirectProducerOptions): Promise<DirectProducer> {
  const { client, streamId, channel = DEFAULT_CHANNEL, baseDir = "/dev/shm" } = options;
  const backend = options.backend ?? machine;
  const nowNs = monotonicNs;
  const descriptors = await client.addExclusivePublication(
    channel,
    options.descriptorStreamId ?? StreamIds.descriptor,
  );
  const announces = await client.addExclusivePublication(
    channel,
    options.announceStreamId ?? StreamIds.announce,
  );
  const folders = backend.shm.allow([baseDir]);
  const regions = createRegions(folders, {
    baseDir,
    user: userInfo().username,
    namespace: options.namespace ?? "default",
    streamId,
    epoch: nowNs(),
    nslots: options.nslots ?? 1_024,
    pools: options.pools,
    nowNs: nowNs(),
    pid: process.pid,
    reserve: options.reserve ?? true,
  });
  const layout: StreamLayout = {
    streamId,
    producerId: options.producerId ?? randomInt(1, 2 ** 31),
    epoch: regions.stream.epoch,
    announceTimestampNs: nowNs(),
    clock: "monotonic",
    nslots: regions.stream.nslots,
    ring: regions.ring,
    pools: regions.pools,
  };
  const fence = (): void => {
    backend.shm.fence();
  };
  const producer = new Producer({
    stream: regions.stream,
    descriptors,
    nowNs,
    writeNowNs: writeMonotonicNs,
    fence,
    ...(options.wakeReaders === true
      ? {
          wakeReaders: (words, index) => {
            backend.futex.wake(words, index, EVERYBODY);
          },
        }
      : {}),
  });
  const announce = (): void => {
    const now = nowNs();
    for (const { bytes } of regions.stream.superblocks) touchSuperblock(bytes, now);
    announces.offer(encodeAnnounce({ ...layout, announceTimestampNs: now }));
  };
  announce();
  const timer = setInterval(announce, ANNOUNCE_PERIOD_MS);
  return {
    producer,
    layout,
    close: () => {
      clearInterval(timer);
      closeAll(producer, [descriptors, announces], regions, folders);
    },
  };
}

function closeAll(
  producer: Producer,
  publications: readonly ExclusivePublication[],
  regions: CreatedRegions,
  folders: ShmFolders,
): void {
  producer.revoke();
  for (const publication of publications) publication.close();
  regions.stream.unmap();
  regions.unlink();
  folders.close();
}
