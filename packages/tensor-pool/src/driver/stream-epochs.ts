import type { DriverEvent } from "./driver-report.js";
import type { DriverSettings } from "./driver-settings.js";
import { collectableEpochs } from "./epoch-gc.js";
import type { LeaseTable } from "./lease-table.js";
import type { RegionRefusal, RegionStore, StoredEpoch } from "./region-store.js";
import type { PoolStream, StreamTable } from "./stream-table.js";

/** What epochs begin and end with. */
export interface StreamEpochsSetup {
  readonly settings: DriverSettings;
  readonly table: StreamTable;
  readonly store: RegionStore;
  readonly leases: LeaseTable;
  /** Now, in monotonic nanoseconds. */
  readonly nowNs: bigint;
  readonly onEvent: (event: DriverEvent) => void;
  /** Called for each epoch whose files were removed. */
  readonly onCollected: () => void;
}

/** Looking through the files costs more than announcing, and nothing hurries. */
const GC_PERIODS = 5n;

/** Begins epochs, and removes the files of those that nobody needs. spec/tensor-pool.md §7, §14.4 */
export class StreamEpochs {
  readonly #setup: StreamEpochsSetup;
  readonly #periodNs: bigint;
  #nextCollectNs: bigint;

  /** Begins none. */
  constructor(setup: StreamEpochsSetup) {
    const { settings, nowNs } = setup;
    this.#setup = setup;
    this.#periodNs = GC_PERIODS * settings.announcePeriodNs;
    this.#nextCollectNs = settings.gcOnStartup ? nowNs : nowNs + this.#periodNs;
  }

  /** When `collect` is next due, in monotonic nanoseconds. */
  get nextCollectNs(): bigint {
    return this.#nextCollectNs;
  }

  /** Begins an epoch of a stream; where memory runs out, old ones go first. @returns Why it could not. */
  begin(stream: PoolStream, nowNs: bigint): RegionRefusal | undefined {
    const { table, onEvent } = this.#setup;
    let failed = table.bump(stream, nowNs);
    if (failed?.why === "noSpace") {
      this.#removeOld(nowNs);
      failed = table.bump(stream, nowNs);
    }
    const { streamId, epoch } = stream;
    onEvent(
      failed === undefined
        ? { kind: "epochBegan", streamId, epoch }
        : { kind: "regionsRefused", streamId, message: failed.message },
    );
    return failed;
  }

  /** Removes what nobody needs, and is due again after a while. */
  collect(nowNs: bigint): void {
    this.#nextCollectNs = nowNs + this.#periodNs;
    this.#removeOld(nowNs);
  }

  /** Lets go of every epoch, and removes the files where that was asked for. */
  end(): void {
    const { settings, table, store } = this.#setup;
    for (const stream of table.streams.values()) table.forget(stream);
    if (!settings.cleanupOnExit) return;
    for (const each of store.stored()) if (!each.madeByAnother) this.#remove(each);
  }

  #removeOld(nowNs: bigint): void {
    const { settings, table, store, leases } = this.#setup;
    const { gcMinAgeNs: minAgeNs, keepEpochs: keep } = settings;
    if (minAgeNs === undefined) return;
    const view = {
      nowNs,
      keep,
      minAgeNs,
      isUsed: (streamId: number, epoch: bigint): boolean =>
        table.streams.get(streamId)?.epoch === epoch || leases.refersTo(streamId, epoch),
    };
    for (const each of collectableEpochs(store.stored(), view)) this.#remove(each);
  }

  #remove({ streamId, epoch }: StoredEpoch): void {
    this.#setup.store.remove(streamId, epoch);
    this.#setup.onCollected();
    this.#setup.onEvent({ kind: "epochRemoved", streamId, epoch });
  }
}
