import type { ResumeRecord, ResumeStore } from "./resume-record.js";

/** Keeps records in this process: for one server, and for tests. */
export class MemoryResumeStore implements ResumeStore {
  readonly #records = new Map<string, ResumeRecord>();
  readonly #sessions = new Map<string, Set<string>>();
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
    this.take(handle);
    this.#records.set(handle, record);
    const handles = this.#sessions.get(record.sessionId);
    if (handles === undefined) this.#sessions.set(record.sessionId, new Set([handle]));
    else handles.add(handle);
    const [oldest] = this.#records.keys();
    if (this.#records.size > this.#maxRecords && oldest !== undefined) this.take(oldest);
  }

  /** Answers a record and leaves it. */
  get(handle: string): ResumeRecord | undefined {
    return this.#records.get(handle);
  }

  /** Answers a record and removes it. */
  take(handle: string): ResumeRecord | undefined {
    const record = this.#records.get(handle);
    if (record === undefined) return undefined;
    this.#records.delete(handle);
    const handles = this.#sessions.get(record.sessionId);
    handles?.delete(handle);
    if (handles?.size === 0) this.#sessions.delete(record.sessionId);
    return record;
  }

  /** Removes every record of a session. Answers how many there were. */
  removeSession(sessionId: string): number {
    const handles = [...(this.#sessions.get(sessionId) ?? [])];
    for (const handle of handles) this.take(handle);
    return handles.length;
  }

  /** Removes what expired before `nowMs`. Answers how many there were. */
  removeExpired(nowMs: number): number {
    let removed = 0;
    for (const [handle, record] of this.#records) {
      if (record.expiresAtMs > nowMs) continue;
      this.take(handle);
      removed++;
    }
    return removed;
  }
}
