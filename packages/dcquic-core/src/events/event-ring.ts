import type { DcquicEvent } from "./event-groups.js";

/**
 * Events that wait to cross to the thread of their subscribers, up to a limit. It never blocks: when it is full the newest
 * debug event goes, and how many went is told with the next ones.
 *
 * @see spec/dcquic.md §21
 */
export class EventRing {
  readonly #capacity: number;
  #events: DcquicEvent[] = [];
  #dropped = 0;

  /** Holds so many events. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Events that wait. */
  get size(): number {
    return this.#events.length;
  }

  /** Adds an event, or drops it or a less important one. */
  push(event: DcquicEvent): void {
    if (this.#events.length < this.#capacity) {
      this.#events.push(event);
      return;
    }
    this.#dropped += 1;
    if (event.level === "debug") return;
    const newest = this.#events.findLastIndex(({ level }) => level === "debug");
    if (newest < 0) return;
    this.#events.splice(newest, 1);
    this.#events.push(event);
  }

  /** Takes everything that waits; an event `worker.eventsDropped` comes last when some were dropped. */
  take(nowUs: number, worker: number): readonly DcquicEvent[] {
    const taken = this.#events;
    this.#events = [];
    if (this.#dropped > 0) {
      taken.push({
        tUs: nowUs,
        worker,
        group: "worker",
        level: "info",
        kind: "worker.eventsDropped",
        details: { count: this.#dropped },
      });
      this.#dropped = 0;
    }
    return taken;
  }
}
