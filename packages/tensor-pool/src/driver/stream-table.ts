import type { StreamLayout } from "../announce/announce.js";
import type { DriverSettings, StreamProfile } from "./driver-settings.js";
import type { KeptRegions, RegionRefusal, RegionStore } from "./region-store.js";

/** A stream of the driver. */
export interface PoolStream {
  /** The stream. */
  readonly streamId: number;
  /** What it looks like. */
  readonly profile: StreamProfile;
  /** Its present epoch; 0 before the first. */
  epoch: bigint;
  /** The regions of that epoch. */
  regions: KeptRegions | undefined;
}

/** The streams of a driver, and the epochs that they are in. spec/tensor-pool.md §7 */
export class StreamTable {
  /** The streams by id. */
  readonly streams: Map<number, PoolStream> = new Map();
  readonly #store: RegionStore;
  readonly #highest = new Map<number, bigint>();

  /** Begins with the configured streams, above whatever epochs lie there. */
  constructor(settings: DriverSettings, store: RegionStore) {
    this.#store = store;
    for (const { streamId, epoch } of store.stored()) {
      if (epoch > (this.#highest.get(streamId) ?? 0n)) this.#highest.set(streamId, epoch);
    }
    for (const [streamId, profile] of settings.streams) this.ensure(streamId, profile);
  }

  /** Returns a stream, and makes it where it is not there. */
  ensure(streamId: number, profile: StreamProfile): PoolStream {
    const known = this.streams.get(streamId);
    if (known !== undefined) return known;
    const epoch = this.#highest.get(streamId) ?? 0n;
    const stream: PoolStream = { streamId, profile, epoch, regions: undefined };
    this.streams.set(streamId, stream);
    return stream;
  }

  /** Begins a new epoch of a stream: its files are made, and those of the one before are let go of. */
  bump(stream: PoolStream, nowNs: bigint): RegionRefusal | undefined {
    const next = stream.epoch + 1n;
    const epoch = next > nowNs ? next : nowNs;
    const made = this.#store.create(stream.streamId, epoch, stream.profile, nowNs);
    if ("why" in made) return made;
    stream.regions?.release();
    stream.regions = made;
    stream.epoch = epoch;
    return undefined;
  }

  /** Lets go of a stream's regions, which nobody may write any more. */
  forget(stream: PoolStream): void {
    stream.regions?.release();
    stream.regions = undefined;
  }

  /** Tells what a stream is announced as; `undefined` before its first epoch. */
  layout(stream: PoolStream, producerId: number, nowNs: bigint): StreamLayout | undefined {
    const { streamId, epoch, regions, profile } = stream;
    if (regions === undefined) return undefined;
    return {
      streamId,
      producerId,
      epoch,
      announceTimestampNs: nowNs,
      clock: "monotonic",
      nslots: profile.nslots,
      ring: regions.ring,
      pools: regions.pools,
    };
  }
}
