import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { CpuMeter } from "./cpu-meter.js";

/** How loaded this machine and this thread are. spec/dwcp.md B11 */
export interface Load {
  /** Share of the cores that is busy: 0 to 1. */
  readonly cpuUse: number;
  /** Share of the cores that nobody but this process uses: 0 to 1. */
  readonly idleShare: number;
  /** p95 of how late this thread's timers come, in ms. */
  readonly loopDelayMs: number;
}

const EVERY_MS = 1_000;
const RESOLUTION_MS = 20;

/** Measures the load at most once a second, and only when it is asked. */
export class LoadGauge {
  readonly #cpu = new CpuMeter();
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #own = process.cpuUsage();
  #atMs = performance.now();
  #load: Load = { cpuUse: 0, idleShare: 1, loopDelayMs: 0 };

  /** Gives the load of the last second or so; what was never measured counts as none. */
  read(): Load {
    this.#delays.enable();
    const now = performance.now();
    const passedMs = now - this.#atMs;
    if (passedMs < EVERY_MS) return this.#load;
    const { use, cores } = this.#cpu.read();
    const { user, system } = process.cpuUsage(this.#own);
    const ownUse = (user + system) / 1_000 / passedMs / cores;
    // The histogram counts from the last tick of its own timer.
    const lateMs = this.#delays.percentile(95) / 1e6 - RESOLUTION_MS;
    this.#load = {
      cpuUse: use,
      idleShare: Math.min(1, Math.max(0, 1 - use + ownUse)),
      loopDelayMs: Math.max(0, lateMs),
    };
    this.#delays.reset();
    this.#own = process.cpuUsage();
    this.#atMs = now;
    return this.#load;
  }

  /** Stops measuring; reading begins it again. */
  close(): void {
    this.#delays.disable();
  }
}
