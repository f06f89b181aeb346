import type { StoredEpoch } from "./region-store.js";

/** What the driver knows when it looks for epochs to remove. */
export interface GcView {
  /** Now, in monotonic nanoseconds. */
  readonly nowNs: bigint;
  /** Newest epochs of each stream that stay whatever their age. */
  readonly keep: number;
  /** How long an epoch must have been silent, in nanoseconds. */
  readonly minAgeNs: bigint;
  /** Whether an active lease was handed out with an epoch, or the driver announces it. */
  isUsed(streamId: number, epoch: bigint): boolean;
}

/**
 * Chooses the epochs whose files may go. spec/tensor-pool.md §14.4
 *
 * Ages are of the monotonic clock alone: a stamp from before the machine was started anew lies in the future, and is stale.
 */
export function collectableEpochs(stored: readonly StoredEpoch[], view: GcView): StoredEpoch[] {
  const byStream = new Map<number, StoredEpoch[]>();
  for (const each of stored) {
    const of = byStream.get(each.streamId);
    if (of === undefined) byStream.set(each.streamId, [each]);
    else of.push(each);
  }
  return [...byStream.values()].flatMap((epochs) =>
    epochs
      .toSorted((a, b) => (a.epoch < b.epoch ? 1 : -1))
      .slice(view.keep)
      .filter((each) => isOver(each, view)),
  );
}

function isOver(
  { streamId, epoch, activityNs, madeByAnother }: StoredEpoch,
  view: GcView,
): boolean {
  const ageNs = view.nowNs - activityNs;
  const silent = ageNs < 0n || ageNs >= view.minAgeNs;
  return silent && !madeByAnother && !view.isUsed(streamId, epoch);
}
