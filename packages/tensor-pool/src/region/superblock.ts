import { AtomicBuffer } from "@proj/aeron";
import { RegionType } from "../messages/generated/wire.js";
import { HEADER_SLOT_BYTES, LAYOUT_VERSION, SUPERBLOCK_BYTES } from "./layout.js";

/** The number that begins every region. spec/tensor-pool.md §4.2 */
const MAGIC = 0x544f_504c_5348_4d31n;

const NOT_GIVEN = 0xffff_ffff;

/** Offsets in a superblock. spec/tensor-pool.md §4.2 */
const Field = {
  magic: 0,
  layoutVersion: 8,
  epoch: 12,
  streamId: 20,
  regionType: 24,
  poolId: 26,
  nslots: 28,
  slotBytes: 32,
  strideBytes: 36,
  pid: 40,
  startTimestampNs: 48,
  activityTimestampNs: 56,
} as const;

/** What the first 64 bytes of a region say. */
export interface Superblock {
  /** How regions lie; 1. */
  readonly layoutVersion: number;
  /** Its epoch. */
  readonly epoch: bigint;
  /** The stream. */
  readonly streamId: number;
  /** A `RegionType`, or what a stranger wrote. */
  readonly regionType: number;
  /** 0 in a header ring. */
  readonly poolId: number;
  /** Slots of the ring and of every pool. */
  readonly nslots: number;
  /** Bytes of a slot. */
  readonly slotBytes: number;
  /** Bytes from one slot to the next; 0 in a header ring. */
  readonly strideBytes: number;
  /** Who made the region; it may be of another pid namespace. */
  readonly pid: bigint;
  /** When it was made, in nanoseconds. */
  readonly startTimestampNs: bigint;
  /** When its keeper last said that it lives. */
  readonly activityTimestampNs: bigint;
}

/** What a reader expects of a region, from the announce that named it. */
export interface ExpectedRegion {
  /** Which of the two it is. */
  readonly kind: "ring" | "pool";
  /** Its epoch. */
  readonly epoch: bigint;
  /** The stream. */
  readonly streamId: number;
  /** Slots of the ring and of every pool. */
  readonly nslots: number;
  /** 0 for a ring. */
  readonly poolId: number;
  /** 0 for a ring. */
  readonly strideBytes: number;
}

/**
 * Writes the superblock of a new region, its magic last: who sees the magic sees all of it.
 *
 * `bytes` begins at a multiple of 8.
 */
export function writeSuperblock(
  bytes: Uint8Array,
  region: ExpectedRegion & { readonly pid: number; readonly nowNs: bigint },
): void {
  const buffer = new AtomicBuffer(bytes.subarray(0, SUPERBLOCK_BYTES));
  const { view } = buffer;
  const pool = region.kind === "pool";
  view.setUint32(Field.layoutVersion, LAYOUT_VERSION, true);
  view.setBigUint64(Field.epoch, region.epoch, true);
  view.setUint32(Field.streamId, region.streamId, true);
  view.setInt16(Field.regionType, pool ? RegionType.PAYLOAD_POOL : RegionType.HEADER_RING, true);
  view.setUint16(Field.poolId, region.poolId, true);
  view.setUint32(Field.nslots, region.nslots, true);
  view.setUint32(Field.slotBytes, pool ? region.strideBytes : HEADER_SLOT_BYTES, true);
  view.setUint32(Field.strideBytes, region.strideBytes, true);
  view.setBigUint64(Field.pid, BigInt(region.pid), true);
  view.setBigUint64(Field.startTimestampNs, region.nowNs, true);
  view.setBigUint64(Field.activityTimestampNs, region.nowNs, true);
  buffer.putLongRelease(Field.magic, MAGIC);
}

/** Says that the keeper of a region lives: the one change after its creation. */
export function touchSuperblock(bytes: Uint8Array, nowNs: bigint): void {
  const buffer = new AtomicBuffer(bytes.subarray(0, SUPERBLOCK_BYTES));
  buffer.putLongRelease(Field.activityTimestampNs, nowNs);
}

/** Reads a superblock; `undefined` where there is none. */
export function readSuperblock(bytes: Uint8Array): Superblock | undefined {
  if (bytes.length < SUPERBLOCK_BYTES) return undefined;
  const buffer = new AtomicBuffer(bytes.subarray(0, SUPERBLOCK_BYTES));
  const { view } = buffer;
  if (buffer.longAcquire(Field.magic) !== MAGIC) return undefined;
  return {
    layoutVersion: view.getUint32(Field.layoutVersion, true),
    epoch: view.getBigUint64(Field.epoch, true),
    streamId: view.getUint32(Field.streamId, true),
    regionType: view.getInt16(Field.regionType, true),
    poolId: view.getUint16(Field.poolId, true),
    nslots: view.getUint32(Field.nslots, true),
    slotBytes: view.getUint32(Field.slotBytes, true),
    strideBytes: view.getUint32(Field.strideBytes, true),
    pid: view.getBigUint64(Field.pid, true),
    startTimestampNs: view.getBigUint64(Field.startTimestampNs, true),
    activityTimestampNs: BigInt.asUintN(64, buffer.longAcquire(Field.activityTimestampNs)),
  };
}

/** Tells what in a superblock contradicts the announce; `undefined` when nothing does. spec/tensor-pool.md §4.2 */
export function superblockFault(
  found: Superblock | undefined,
  expected: ExpectedRegion,
): string | undefined {
  if (found === undefined) return "it has no magic";
  const differs = (
    name: string,
    theirs: bigint | number,
    ours: bigint | number,
  ): string | undefined =>
    theirs === ours ? undefined : `its ${name} is ${theirs}, expected ${ours}`;
  const pool = expected.kind === "pool";
  return (
    differs("layoutVersion", found.layoutVersion, LAYOUT_VERSION) ??
    differs("epoch", found.epoch, expected.epoch) ??
    differs("streamId", found.streamId, expected.streamId) ??
    differs(
      "regionType",
      found.regionType,
      pool ? RegionType.PAYLOAD_POOL : RegionType.HEADER_RING,
    ) ??
    differs("poolId", found.poolId, expected.poolId) ??
    differs("nslots", found.nslots, expected.nslots) ??
    (pool ? poolFault(found, expected.strideBytes) : ringFault(found))
  );
}

// The two originals write different things into the fields that a region of this type does not need.
function poolFault(found: Superblock, strideBytes: number): string | undefined {
  if (found.strideBytes !== strideBytes) {
    return `its strideBytes is ${found.strideBytes}, expected ${strideBytes}`;
  }
  const accepted = [0, NOT_GIVEN, strideBytes];
  return accepted.includes(found.slotBytes) ? undefined : `its slotBytes is ${found.slotBytes}`;
}

function ringFault(found: Superblock): string | undefined {
  if (found.slotBytes !== HEADER_SLOT_BYTES) return `its slotBytes is ${found.slotBytes}`;
  const accepted = [0, HEADER_SLOT_BYTES, NOT_GIVEN];
  return accepted.includes(found.strideBytes)
    ? undefined
    : `its strideBytes is ${found.strideBytes}`;
}
