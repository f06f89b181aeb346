import {
  encodeSequenceMergeMapAnnounce,
  encodeTimestampMergeMapAnnounce,
  type SequenceMergeMapAnnounce,
  type TimestampMergeMapAnnounce,
} from "../messages/generated/merge.js";
import { checkSequenceMap, checkTimestampMap } from "./merge-map.js";

/** How often a map is announced, in nanoseconds. spec/tensor-pool.md §18 */
const PERIOD_NS = 1_000_000_000n;

/** The map of one output. */
export type MergeMapAnnounce =
  | { readonly kind: "sequence"; readonly map: SequenceMergeMapAnnounce }
  | { readonly kind: "timestamp"; readonly map: TimestampMergeMapAnnounce };

/** Announces the maps of outputs each second, and at once to those who ask. */
export class MergeAuthority {
  readonly #maps = new Map<string, { announce: MergeMapAnnounce; nextNs: bigint }>();

  /** Sets the map of an output, in place of the one before. @throws `RangeError` for one that no reader would take. */
  set(announce: MergeMapAnnounce): void {
    const checked =
      announce.kind === "sequence"
        ? checkSequenceMap(announce.map)
        : checkTimestampMap(announce.map);
    if (typeof checked === "string") throw new RangeError(checked);
    this.#maps.set(key(announce.kind, announce.map.outStreamId), { announce, nextNs: 0n });
  }

  /** Takes the map of an output away. */
  delete(kind: MergeMapAnnounce["kind"], outStreamId: number): void {
    this.#maps.delete(key(kind, outStreamId));
  }

  /** Takes a request; the answer is the next announce, unless the epoch is another. */
  requested(kind: MergeMapAnnounce["kind"], outStreamId: number, epoch: bigint): void {
    const known = this.#maps.get(key(kind, outStreamId));
    if (known?.announce.map.epoch === epoch) known.nextNs = 0n;
  }

  /** Returns the messages that are due. */
  due(nowNs: bigint): readonly Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (const known of this.#maps.values()) {
      if (nowNs < known.nextNs) continue;
      known.nextNs = nowNs + PERIOD_NS;
      const { announce } = known;
      messages.push(
        announce.kind === "sequence"
          ? encodeSequenceMergeMapAnnounce(announce.map)
          : encodeTimestampMergeMapAnnounce(announce.map),
      );
    }
    return messages;
  }
}

function key(kind: MergeMapAnnounce["kind"], outStreamId: number): string {
  return `${kind}/${outStreamId}`;
}
