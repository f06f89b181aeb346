import type { ResumeRecord, ResumeStore } from "./resume-record.js";

/** Keeps records in this process: for one server, and for tests. */
export class MemoryResumeStore implements ResumeStore {
  readonly #records = new Map<string, ResumeRecord>();
  readonly #maxRecords: number;

  /** Keeps `maxRecords` at most; beyond that the oldest goes. */
  constructor(maxRecords = 100_000) {
    this.#maxRecords = maxRecords;
  }

  /** How many records there are. */
  get size(): number {
    return this.#records.size;
  }

  /** Keeps a record. */
  put(handle: string, record: ResumeRecord): void {
    this.#records.delete(handle);
    this.#records.set(handle, record);
    const [oldest] = this.#records.keys();
    if (this.#records.size > this.#maxRecords && oldest !== undefined) this.#records.delete(oldest);
  }

  /** Answers a record and leaves it. */
  get(handle: string): ResumeRecord | undefined {
    return this.#records.get(handle);
  }

  /** Answers a record and removes it. */
  take(handle: string): ResumeRecord | undefined {
    const record = this.#records.get(handle);
    this.#records.delete(handle);
    return record;
  }

  /** Removes every record of a session. Answers how many there were. */
  removeSession(sessionId: string): number {
    return this.#removeIf((record) => record.sessionId === sessionId);
  }

  /** Removes what expired before `nowMs`. Answers how many there were. */
  removeExpired(nowMs: number): number {
    return this.#removeIf((record) => record.expiresAtMs <= nowMs);
  }

  #removeIf(unwanted: (record: ResumeRecord) => boolean): number {
    let removed = 0;
    for (const [handle, record] of this.#records) {
      if (!unwanted(record)) continue;
      this.#records.delete(handle);
      removed++;
    }
    return removed;
  }
}
