import { formatHex } from "@proj/wire-types";
import { Fifo } from "../sched/fifo.js";
import { CREDENTIAL_ID_BYTES } from "../wire/constants.js";
import type { DatagramBatch } from "./batch.js";
import type { EngineCounters } from "./counters.js";

/** A datagram that arrived at this engine and belongs to another worker of the host. */
export interface ForeignPacket {
  /** The worker that is home to its path. */
  readonly home: number;
  /** The driver's number for where it came from. */
  readonly address: number;
  /** The ECN bits of its IP header. */
  readonly ecn: number;
  /** The datagram as it arrived, unopened; a copy. */
  readonly datagram: Uint8Array;
}

// What other workers did not fetch by then is lost like a datagram that a full socket drops.
const MAX_WAITING = 1024;

/**
 * The paths of the host's other workers, and the datagrams under them that came here.
 *
 * @see spec/dcquic.md §18, D-33
 */
export class ForeignPaths {
  readonly #counters: EngineCounters;
  readonly #homes = new Map<string, number>();
  readonly #waiting = new Fifo<ForeignPacket>(MAX_WAITING);

  /** Counts in `counters` what came here. */
  constructor(counters: EngineCounters) {
    this.#counters = counters;
  }

  /** Learns that another worker is home to a path. */
  add(credentialId: Uint8Array, home: number): void {
    this.#homes.set(formatHex(credentialId), home);
  }

  /** Forgets such a path. */
  remove(credentialId: Uint8Array): void {
    this.#homes.delete(formatHex(credentialId));
  }

  /**
   * Keeps datagram `index` of a batch for its home, if the path whose credential id lies at `offset` of `bytes` is another
   * worker's, and says whether it is. One that finds too many waiting is dropped.
   */
  take(batch: DatagramBatch, index: number, bytes: Uint8Array, offset: number): boolean {
    if (this.#homes.size === 0) return false;
    const name = formatHex(bytes.subarray(offset, offset + CREDENTIAL_ID_BYTES));
    const home = this.#homes.get(name);
    if (home === undefined) return false;
    const at = batch.offset(index);
    const datagram = batch.bytes.slice(at, at + batch.length(index));
    this.#waiting.push({ home, address: batch.address(index), ecn: batch.ecn(index), datagram });
    this.#counters.handedOver += 1;
    return true;
  }

  /** Takes the first that waits. */
  next(): ForeignPacket | undefined {
    return this.#waiting.shift();
  }
}
