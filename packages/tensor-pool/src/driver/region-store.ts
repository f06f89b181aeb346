import type { AnnouncedPool } from "../announce/announce.js";
import type { ShmFileUri } from "@proj/wire-types";
import type { StreamProfile } from "./driver-settings.js";

/** The regions of an epoch that the driver keeps. */
export interface KeptRegions {
  /** Where the header ring lies. */
  readonly ring: ShmFileUri;
  /** Where the pools lie. */
  readonly pools: readonly AnnouncedPool[];
  /** Says in every superblock that the driver lives, at `nowNs` of the monotonic clock. */
  touch(nowNs: bigint): void;
  /** Gives the driver's mapping back; the files stay. */
  release(): void;
}

/** Why regions could not be made. */
export interface RegionRefusal {
  /** Whether space is what was missing. */
  readonly why: "noSpace" | "failed";
  /** For people. */
  readonly message: string;
}

/** An epoch whose files lie there, by this driver or an earlier one. */
export interface StoredEpoch {
  /** The stream. */
  readonly streamId: number;
  /** The epoch. */
  readonly epoch: bigint;
  /** When its keeper last said that it lived, in monotonic nanoseconds; 0 where the superblock cannot be read. */
  readonly activityNs: bigint;
  /** Whether the process that made it is another one, and alive. */
  readonly madeByAnother: boolean;
}

/** Makes and removes the files of epochs. The driver decides which. */
export interface RegionStore {
  /** Makes the regions of an epoch, and their superblocks. On a refusal nothing is left. */
  create(
    streamId: number,
    epoch: bigint,
    profile: StreamProfile,
    nowNs: bigint,
  ): KeptRegions | RegionRefusal;
  /** Lists the epochs that lie there. */
  stored(): readonly StoredEpoch[];
  /** Removes the known files of an epoch, and its folder; whoever has mapped them keeps them. */
  remove(streamId: number, epoch: bigint): void;
}
