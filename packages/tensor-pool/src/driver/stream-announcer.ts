import { encodeAnnounce } from "../announce/announce.js";
import type { LeaseTable } from "./lease-table.js";
import type { Outbox } from "./outbox.js";
import type { PoolStream, StreamTable } from "./stream-table.js";

/** What streams are announced with. */
export interface StreamAnnouncerSetup {
  readonly table: StreamTable;
  readonly leases: LeaseTable;
  readonly outbox: Outbox;
  /** How often all of them are told, in nanoseconds. */
  readonly periodNs: bigint;
  /** When they are told first, in monotonic nanoseconds. */
  readonly nowNs: bigint;
}

/** Tells everybody where the driver's streams lie: each when it changes, and all of them now and then. spec/tensor-pool.md §14.4 */
export class StreamAnnouncer {
  readonly #setup: StreamAnnouncerSetup;
  #nextNs: bigint;

  /** All streams are due at once. */
  constructor(setup: StreamAnnouncerSetup) {
    this.#setup = setup;
    this.#nextNs = setup.nowNs;
  }

  /** When all streams are told next, in monotonic nanoseconds. */
  get nextNs(): bigint {
    return this.#nextNs;
  }

  /** Tells of all streams where that is due. */
  tick(nowNs: bigint): void {
    if (nowNs < this.#nextNs) return;
    this.#nextNs = nowNs + this.#setup.periodNs;
    this.announceAll(nowNs);
  }

  /** Tells of all streams, and shows in their regions that the driver lives. */
  announceAll(nowNs: bigint): void {
    for (const stream of this.#setup.table.streams.values()) {
      stream.regions?.touch(nowNs);
      this.announce(stream, nowNs);
    }
  }

  /** Tells of one stream, once it has regions. */
  announce(stream: PoolStream, nowNs: bigint): void {
    const { table, leases, outbox } = this.#setup;
    const producerId = leases.producerOf(stream.streamId)?.clientId ?? 0;
    const layout = table.layout(stream, producerId, nowNs);
    if (layout !== undefined) outbox.put("announce", encodeAnnounce(layout));
  }
}
