import type { WorkerMeasure } from "../pool/pool-backend.js";

/** How busy a NIC was between two readings. */
export interface NicRate {
  /** UDP payload that left; bytes per second. */
  readonly sentPerSecond: number;
  /** UDP payload that came; bytes per second. */
  readonly receivedPerSecond: number;
  /** The busier direction, of what the NIC carries. */
  readonly utilisation: number;
}

interface Reading {
  readonly atUs: number;
  readonly sent: number;
  readonly received: number;
}

/** Makes rates of what workers counted: each between its reading before and this one. spec/dcquic.md §18 */
export class NicRates {
  readonly #last = new Map<number, Reading>();

  /** Takes the numbers of a NIC's workers; what is read for the first time, or again at the same moment, adds nothing. */
  take(atUs: number, measures: readonly WorkerMeasure[]): NicRate {
    let [sentPerSecond, receivedPerSecond, capacity] = [0, 0, 0];
    for (const { worker, measured } of measures) {
      const { bytesSent: sent, bytesReceived: received } = measured.counters;
      capacity += measured.load.nicBytesPerSecond;
      const before = this.#last.get(worker);
      this.#last.set(worker, { atUs, sent, received });
      if (before === undefined || atUs <= before.atUs) continue;
      const seconds = (atUs - before.atUs) / 1e6;
      sentPerSecond += (sent - before.sent) / seconds;
      receivedPerSecond += (received - before.received) / seconds;
    }
    const busier = Math.max(sentPerSecond, receivedPerSecond);
    return { sentPerSecond, receivedPerSecond, utilisation: capacity && busier / capacity };
  }
}
