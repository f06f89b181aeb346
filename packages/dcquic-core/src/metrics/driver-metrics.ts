import type { Counter, Labels, Meter } from "@proj/wire-types";
import type { DriverMeasure } from "./driver-measure.js";
import { GrownCounters } from "./grown-counters.js";

const COUNTERS = {
  turns: ["dcquic_poll_iterations_total", "Turns of the worker's loop."],
  kernelDrops: ["dcquic_kernel_drops_total", "Datagrams that found the socket's buffer full."],
  refusedMessages: ["dcquic_refused_messages_total", "Messages that the kernel refused."],
  rmaBytesRead: ["dcquic_rma_read_bytes_total", "Bytes that were read from peers' memory."],
} as const;

const BATCHES = {
  sentBatches: ["dcquic_sent_batches_total", "Messages that left, by their datagrams (GSO)."],
  receivedBatches: ["dcquic_received_batches_total", "Messages that came, by datagrams (GRO)."],
} as const;

/**
 * Keeps the metrics of one driver: call {@link DriverMetrics.update} now and then.
 *
 * @see spec/dcquic.md §21
 */
export class DriverMetrics {
  readonly #labels: Labels;
  readonly #grown = new GrownCounters();
  readonly #counters = new Map<keyof typeof COUNTERS, Counter>();
  readonly #batches = new Map<keyof typeof BATCHES, Counter>();

  /** Makes the instruments; `worker` becomes their label. */
  constructor(meter: Meter, worker: number) {
    this.#labels = { worker: String(worker) };
    for (const [key, [name, help]] of Object.entries(COUNTERS)) {
      const counter = meter.counter({ name, help, labels: ["worker"] });
      this.#counters.set(key as keyof typeof COUNTERS, counter);
    }
    for (const [key, [name, help]] of Object.entries(BATCHES)) {
      const counter = meter.counter({ name, help, labels: ["worker", "at_most"] });
      this.#batches.set(key as keyof typeof BATCHES, counter);
    }
  }

  /** Takes the present numbers of the driver. */
  update(measure: DriverMeasure): void {
    const labels = this.#labels;
    for (const [key, counter] of this.#counters) {
      this.#grown.tell(key, counter, measure[key] ?? 0, labels);
    }
    for (const [key, counter] of this.#batches) {
      const counts = measure[key];
      if (counts !== undefined)
        this.#grown.tellDistribution(key, counter, counts, { labels, scale: 1 });
    }
  }
}
