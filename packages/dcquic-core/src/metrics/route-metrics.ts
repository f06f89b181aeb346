import type { Counter, Gauge, Meter } from "@proj/wire-types";
import type { RouteStats, WorkerMeasure } from "../pool/pool-backend.js";
import type { NicState } from "../router/nic-board.js";
import { GrownCounters } from "./grown-counters.js";
import { NicRates } from "./nic-rates.js";

const NIC_STATES: readonly NicState[] = ["up", "degraded", "down"];
const HANDSHAKES = {
  dialled: { side: "dialled", outcome: "succeeded" },
  dialsFailed: { side: "dialled", outcome: "failed" },
  answered: { side: "answered", outcome: "succeeded" },
  answersFailed: { side: "answered", outcome: "failed" },
} as const;
const GAUGES = {
  peers: ["dcquic_routed_peers", "Peers that have a home worker."],
  workersUp: ["dcquic_workers_up", "Workers that can be used."],
} as const;
const COUNTERS = {
  attracted: ["dcquic_attracted_peers_total", "Peers whose home a dependency chose."],
  reassigned: ["dcquic_reassigned_peers_total", "Peers that lost a home and got another."],
} as const;

/**
 * Keeps the metrics of how a pool's paths come about, and of the NICs that they go over: call {@link RouteMetrics.update} now
 * and then.
 *
 * @see spec/dcquic.md §18, §21
 */
export class RouteMetrics {
  readonly #grown = new GrownCounters();
  readonly #rates = new NicRates();
  readonly #handshakes: Counter;
  readonly #gauges = new Map<keyof typeof GAUGES, Gauge>();
  readonly #counters = new Map<keyof typeof COUNTERS, Counter>();
  readonly #states: Gauge;
  readonly #sentRate: Gauge;
  readonly #receivedRate: Gauge;
  readonly #utilisation: Gauge;
  readonly #drops: Counter;

  /** Makes the instruments. */
  constructor(meter: Meter) {
    this.#handshakes = meter.counter({
      name: "dcquic_handshakes_total",
      help: "Handshakes by who began them and what became of them.",
      labels: ["side", "outcome"],
    });
    for (const [key, [name, help]] of Object.entries(GAUGES)) {
      this.#gauges.set(key as keyof typeof GAUGES, meter.gauge({ name, help }));
    }
    for (const [key, [name, help]] of Object.entries(COUNTERS)) {
      this.#counters.set(key as keyof typeof COUNTERS, meter.counter({ name, help }));
    }
    const labels = ["nic"];
    this.#states = meter.gauge({
      name: "dcquic_nic_state",
      help: "1 for the state that a NIC is in, 0 for the others.",
      labels: ["nic", "state"],
    });
    this.#sentRate = meter.gauge({
      name: "dcquic_nic_sent_bytes_per_second",
      help: "UDP payload that left over a NIC since the numbers before.",
      labels,
    });
    this.#receivedRate = meter.gauge({
      name: "dcquic_nic_received_bytes_per_second",
      help: "UDP payload that came over a NIC since the numbers before.",
      labels,
    });
    this.#utilisation = meter.gauge({
      name: "dcquic_nic_utilisation_ratio",
      help: "How much of a NIC's capacity its busier direction took since the numbers before.",
      labels,
    });
    this.#drops = meter.counter({
      name: "dcquic_nic_drops_total",
      help: "Datagrams that found the sockets' buffers of a NIC full.",
      labels,
    });
  }

  /** Takes the present numbers; `measures` are those of the workers that answered. */
  update(stats: RouteStats, measures: readonly WorkerMeasure[]): void {
    const { atUs, handshakes, router, nics } = stats;
    for (const [key, labels] of Object.entries(HANDSHAKES)) {
      const total = handshakes[key as keyof typeof HANDSHAKES];
      this.#grown.tell(key, this.#handshakes, total, labels);
    }
    for (const [key, gauge] of this.#gauges) gauge.set(router[key]);
    for (const [key, counter] of this.#counters) this.#grown.tell(key, counter, router[key], {});
    for (const { nic, state, workers } of nics) {
      const labels = { nic: String(nic) };
      for (const each of NIC_STATES) {
        this.#states.set(each === state ? 1 : 0, { ...labels, state: each });
      }
      const on = measures.filter(({ worker }) => workers.includes(worker));
      const drops = on.reduce((sum, { measured }) => sum + (measured.driver?.kernelDrops ?? 0), 0);
      this.#grown.tell(`drops ${nic}`, this.#drops, drops, labels);
      const rates = this.#rates.take(atUs, on);
      this.#sentRate.set(rates.sentPerSecond, labels);
      this.#receivedRate.set(rates.receivedPerSecond, labels);
      this.#utilisation.set(rates.utilisation, labels);
    }
  }
}
