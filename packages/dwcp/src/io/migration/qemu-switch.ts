import type { RunSwitch } from "../../migration/duty-cycle.js";
import type { QmpMonitor } from "./qmp-monitor.js";

/** Stops a QEMU machine and lets it go on, by its monitor. */
export class QemuSwitch implements RunSwitch {
  readonly #monitor: QmpMonitor;

  constructor(monitor: QmpMonitor) {
    this.#monitor = monitor;
  }

  /** Returns when no processor of the machine runs. @throws DwcpError as {@link QmpMonitor.execute} */
  async stop(): Promise<void> {
    await this.#monitor.execute("stop");
  }

  /** Lets its processors run. @throws DwcpError as {@link QmpMonitor.execute} */
  async go(): Promise<void> {
    await this.#monitor.execute("cont");
  }
}
