import type { MetricsBook } from "../../metrics/metrics-book.js";
import { PROTOCOL_MAJOR, PROTOCOL_MINOR } from "../../wire/preface.js";
import type { ManagerHealth } from "./manager-state.js";
import type { TransportInfo } from "./transport-info.js";

/** What a manager tells of itself: how it is, and what carries units. spec/dwcp.md B17 */
export class ManagerMetrics {
  readonly #metrics: MetricsBook;
  #toldTransport: TransportInfo | undefined;

  /** `metrics` is its owner's. */
  constructor(metrics: MetricsBook) {
    this.#metrics = metrics;
  }

  /** Notes what carries units. Never says rdma while bytes go over TCP. spec/dwcp.md B14 */
  takeTransport(transport: TransportInfo): void {
    const before = this.#toldTransport;
    if (before !== undefined) this.#metrics.set("dwcp_transport_info", { ...before }, 0);
    this.#metrics.set("dwcp_transport_info", { ...transport }, 1);
    this.#toldTransport = transport;
  }

  /** Notes how the manager is. */
  takeHealth(health: ManagerHealth, enabled: boolean): void {
    const isWell = health.ready && health.state !== "degraded";
    const value = isWell ? 2 : health.live ? 1 : 0;
    const protocol = `${PROTOCOL_MAJOR}.${PROTOCOL_MINOR}`;
    this.#metrics.set("dwcp_system_version_info", { protocol }, 1);
    this.#metrics.set("dwcp_system_config_enabled", { feature: "dwcp" }, enabled ? 1 : 0);
    this.#metrics.set("dwcp_system_component_health", { component: "manager" }, value);
  }
}
