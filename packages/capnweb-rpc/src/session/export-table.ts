import type { Hook } from "../core/hook.js";
import { WritableCapability } from "../streams/writable-capability.js";

/** What the peer may refer to by one id, and how often it has been told. */
export interface ExportEntry {
  readonly hook: Hook;
  count: number;
  pulled: boolean;
}

/** What the peer may refer to. spec/capnweb.md §3.2 */
export class ExportTable {
  readonly #entries = new Map<number, ExportEntry>();
  readonly #limit: number;
  #nextChosen = -1;
  #nextPushed = 1;

  /** Entry 0 is `main`; more than `limit` entries end the session. */
  constructor(main: Hook, limit: number) {
    this.#limit = limit;
    this.#entries.set(0, { hook: main, count: 1, pulled: false });
  }

  /** How many entries are live. */
  get size(): number {
    return this.#entries.size;
  }

  /** Answers an entry. */
  get(id: number): ExportEntry | undefined {
    return this.#entries.get(id);
  }

  /** Takes over `hook` under the next id of the peer's counting. */
  addPushed(hook: Hook): number {
    return this.#add(this.#nextPushed++, hook);
  }

  /** Takes over `hook` under a fresh id of our own. */
  addChosen(hook: Hook): number {
    return this.#add(this.#nextChosen--, hook);
  }

  /** Undoes the latest {@link ExportTable.addChosen}: the peer has not heard of it. */
  takeBack(id: number): void {
    this.#nextChosen = id;
    this.remove(id);
  }

  /** Removes an entry and disposes it. */
  remove(id: number): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    entry?.hook.dispose();
  }

  /**
   * Subtracts what the peer gives back.
   *
   * @throws Error for an unknown id, or more than was given.
   */
  release(id: number, count: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`no such export ID: ${id}`);
    if (entry.count < count) {
      throw new Error(`refcount would go negative: ${entry.count} < ${count}`);
    }
    entry.count -= count;
    if (entry.count === 0) this.remove(id);
  }

  /** Disposes every entry, and keeps none but the main object's, without use by then; streams hear why. */
  clear(reason: unknown): void {
    const entries = [...this.#entries];
    this.#entries.clear();
    for (const [id, entry] of entries) {
      if (id === 0) this.#entries.set(id, entry);
      const { hook } = entry;
      if (hook.capability instanceof WritableCapability) hook.capability.abandon(reason);
      hook.dispose();
    }
  }

  #add(id: number, hook: Hook): number {
    if (this.#entries.size >= this.#limit) {
      hook.dispose();
      throw new RangeError(`More than ${this.#limit} live exports in one session.`);
    }
    this.#entries.set(id, { hook, count: 1, pulled: false });
    return id;
  }
}
