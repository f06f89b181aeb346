import type {
  KeptRegions,
  RegionRefusal,
  RegionStore,
  StoredEpoch,
  StreamProfile,
} from "@proj/tensor-pool";

/** Regions that are only kept account of. */
export class MemoryRegions implements RegionStore {
  readonly epochs: (StoredEpoch & { activityNs: bigint; released: boolean })[] = [];
  readonly removed: bigint[] = [];
  refusal: RegionRefusal | undefined;
  /** How many epochs there is room for. */
  room = 1_000;

  create(
    streamId: number,
    epoch: bigint,
    profile: StreamProfile,
    nowNs: bigint,
  ): KeptRegions | RegionRefusal {
    if (this.refusal !== undefined) return this.refusal;
    if (this.epochs.length >= this.room) return { why: "noSpace", message: "no room" };
    const entry = { streamId, epoch, activityNs: nowNs, madeByAnother: false, released: false };
    this.epochs.push(entry);
    const folder = `/dev/shm/test/${streamId}/${epoch}`;
    const file = { kind: "file", requireHugepages: false } as const;
    return {
      ring: { ...file, path: `${folder}/header.ring` },
      pools: profile.pools.map((pool) => ({
        ...pool,
        uri: { ...file, path: `${folder}/${pool.poolId}.pool` },
      })),
      touch: (now) => {
        entry.activityNs = now;
      },
      release: () => {
        entry.released = true;
      },
    };
  }

  stored(): readonly StoredEpoch[] {
    return [...this.epochs];
  }

  remove(streamId: number, epoch: bigint): void {
    const index = this.epochs.findIndex(
      (each) => each.streamId === streamId && each.epoch === epoch,
    );
    if (index < 0) throw new Error(`epoch ${epoch} is not there`);
    this.epochs.splice(index, 1);
    this.removed.push(epoch);
  }
}
