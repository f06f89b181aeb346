import type { SharedRegion } from "@proj/wire-types";
import { LogBuffers } from "../log/log-buffers.js";

/** Maps a log file that the driver named. */
export type LogMapper = (file: string) => SharedRegion;

interface Entry {
  readonly region: SharedRegion;
  readonly log: LogBuffers;
  users: number;
  unusedSinceMs: number;
}

/** Maps every log file once, however many publications and images of this client use it. spec/aeron.md §9 */
export class LogCache {
  readonly #map: LogMapper;
  readonly #lingerMs: number;
  readonly #entries = new Map<string, Entry>();

  /** `lingerMs` is how long a log stays mapped after its last user. */
  constructor(map: LogMapper, lingerMs: number) {
    this.#map = map;
    this.#lingerMs = lingerMs;
  }

  /** How many logs are mapped. */
  get size(): number {
    return this.#entries.size;
  }

  /** Returns the log of this file; every call is met by one of {@link LogCache.release}. */
  acquire(file: string): LogBuffers {
    const known = this.#entries.get(file);
    if (known !== undefined) {
      known.users++;
      return known.log;
    }
    const region = this.#map(file);
    try {
      const log = new LogBuffers(region.bytes);
      this.#entries.set(file, { region, log, users: 1, unusedSinceMs: 0 });
      return log;
    } catch (error) {
      region.unmap();
      throw error;
    }
  }

  /** Gives a log back at `nowMs`. */
  release(file: string, nowMs: number): void {
    const entry = this.#entries.get(file);
    if (entry === undefined) return;
    entry.users--;
    entry.unusedSinceMs = nowMs;
  }

  /** Unmaps what nobody has used for a while. */
  tick(nowMs: number): void {
    for (const [file, entry] of this.#entries) {
      if (entry.users > 0 || nowMs - entry.unusedSinceMs < this.#lingerMs) continue;
      this.#entries.delete(file);
      entry.region.unmap();
    }
  }

  /** Unmaps everything. */
  clear(): void {
    for (const { region } of this.#entries.values()) region.unmap();
    this.#entries.clear();
  }
}
