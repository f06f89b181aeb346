import { formatShmUri, parseShmUri, type ShmFileUri } from "@proj/wire-types";
import {
  ClockDomain,
  encodeShmPoolAnnounce,
  readShmPoolAnnounce,
  type ShmPoolAnnounce,
  ShmPoolAnnounceDecoder,
} from "../messages/generated/wire.js";
import { HEADER_SLOT_BYTES, isSlotCount, isStride, LAYOUT_VERSION } from "../region/layout.js";

/** One pool, and the file that holds it. */
export interface AnnouncedPool {
  /** The pool. */
  readonly poolId: number;
  /** Bytes from one slot to the next. */
  readonly strideBytes: number;
  /** The file. */
  readonly uri: ShmFileUri;
}

/** Where the regions of an epoch of a stream lie: an announce that was found to be right. spec/tensor-pool.md §7 */
export interface StreamLayout {
  /** The stream. */
  readonly streamId: number;
  /** Who writes it; 0 while nobody does. */
  readonly producerId: number;
  /** The generation of its regions. */
  readonly epoch: bigint;
  /** When it was announced, in nanoseconds of {@link StreamLayout.clock}. */
  readonly announceTimestampNs: bigint;
  /** Which clock that is. */
  readonly clock: "monotonic" | "realtime";
  /** Slots of the ring and of every pool. */
  readonly nslots: number;
  /** The header ring. */
  readonly ring: ShmFileUri;
  /** The pools. */
  readonly pools: readonly AnnouncedPool[];
}

/** Encodes the announce of a layout. */
export function encodeAnnounce(layout: StreamLayout): Uint8Array {
  return encodeShmPoolAnnounce({
    streamId: layout.streamId,
    producerId: layout.producerId,
    epoch: layout.epoch,
    announceTimestampNs: layout.announceTimestampNs,
    announceClockDomain:
      layout.clock === "monotonic" ? ClockDomain.MONOTONIC : ClockDomain.REALTIME_SYNCED,
    layoutVersion: LAYOUT_VERSION,
    headerNslots: layout.nslots,
    headerSlotBytes: HEADER_SLOT_BYTES,
    payloadPools: layout.pools.map((pool) => ({
      poolId: pool.poolId,
      poolNslots: layout.nslots,
      strideBytes: pool.strideBytes,
      regionUri: formatShmUri(pool.uri),
    })),
    headerRegionUri: formatShmUri(layout.ring),
  });
}

const decoder = new ShmPoolAnnounceDecoder();

/**
 * Decodes an announce and checks it. spec/tensor-pool.md §7
 *
 * @returns The layout, or the sentence that says what is wrong with it.
 * @throws WireError for a message that is no announce at all.
 */
export function decodeAnnounce(
  view: DataView,
  offset: number,
  length: number,
): StreamLayout | string {
  const announce = readShmPoolAnnounce(decoder.wrap(view, offset, offset + length));
  return checkAnnounce(announce);
}

/** Checks an announce. @returns The layout, or the sentence that says what is wrong with it. */
export function checkAnnounce(announce: ShmPoolAnnounce): StreamLayout | string {
  const { headerNslots: nslots, payloadPools } = announce;
  if (announce.layoutVersion !== LAYOUT_VERSION) return `layout version ${announce.layoutVersion}`;
  if (announce.headerSlotBytes !== HEADER_SLOT_BYTES) {
    return `header slots of ${announce.headerSlotBytes} bytes`;
  }
  if (!isSlotCount(nslots)) return `${nslots} slots, no power of two up to 2^23`;
  if (payloadPools.length === 0) return "no pools";
  if (new Set(payloadPools.map(({ poolId }) => poolId)).size !== payloadPools.length) {
    return "two pools of one id";
  }
  for (const pool of payloadPools) {
    if (pool.poolNslots !== nslots) return `pool ${pool.poolId} has ${pool.poolNslots} slots`;
    if (!isStride(pool.strideBytes))
      return `pool ${pool.poolId} has strides of ${pool.strideBytes}`;
  }
  const ring = fileUri(announce.headerRegionUri);
  if (ring === undefined) return "the header ring's URI is none";
  const pools: AnnouncedPool[] = [];
  for (const { poolId, strideBytes, regionUri } of payloadPools) {
    const uri = fileUri(regionUri);
    if (uri === undefined) return `the URI of pool ${poolId} is none`;
    pools.push({ poolId, strideBytes, uri });
  }
  const { streamId, producerId, epoch, announceTimestampNs } = announce;
  const monotonic = announce.announceClockDomain === ClockDomain.MONOTONIC;
  const clock = monotonic ? "monotonic" : "realtime";
  return { streamId, producerId, epoch, announceTimestampNs, clock, nslots, ring, pools };
}

/** Tells whether two layouts name the same memory. */
export function sameMemory(a: StreamLayout, b: StreamLayout): boolean {
  const key = ({ nslots, ring, pools }: StreamLayout): string =>
    JSON.stringify([nslots, ring, pools.toSorted((one, two) => one.poolId - two.poolId)]);
  return a.epoch === b.epoch && key(a) === key(b);
}

function fileUri(text: string): ShmFileUri | undefined {
  try {
    const uri = parseShmUri(text);
    return uri.kind === "file" ? uri : undefined;
  } catch {
    return undefined;
  }
}
