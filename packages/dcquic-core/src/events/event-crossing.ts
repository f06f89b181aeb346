import type { EventBus } from "./event-bus.js";
import type { DcquicEvent, EventGroupName, EventLevel } from "./event-groups.js";
import { EventRing } from "./event-ring.js";

/** What an {@link EventCrossing} is made with. */
export interface EventCrossingOptions {
  /** Where events arrive. */
  readonly bus: EventBus;
  /** Events of one worker that may wait. */
  readonly capacity: number;
  /** The time of what the crossing itself tells; µs. */
  readonly nowUs: () => number;
  /** Runs a task soon, never inside the call. */
  readonly defer: (task: () => void) => void;
}

/**
 * Takes events from engines, which must not wait, to subscribers, who may be slow: each worker has a ring of events that wait.
 *
 * @see spec/dcquic.md §21
 */
export class EventCrossing {
  readonly #options: EventCrossingOptions;
  readonly #rings = new Map<number, EventRing>();
  #isCrossing = false;

  /** Nothing waits yet. */
  constructor(options: EventCrossingOptions) {
    this.#options = options;
  }

  /** Whether anyone wants events of a group and level. */
  wants(group: EventGroupName, level: EventLevel): boolean {
    return this.#options.bus.wants(group, level);
  }

  /** Has an event arrive soon, or drops it when too many wait. */
  emit(event: DcquicEvent): void {
    if (!this.wants(event.group, event.level)) return;
    let ring = this.#rings.get(event.worker);
    if (ring === undefined) this.#rings.set(event.worker, (ring = this.#makeRing()));
    ring.push(event);
    if (this.#isCrossing) return;
    this.#isCrossing = true;
    this.#options.defer(() => this.#cross());
  }

  #makeRing(): EventRing {
    return new EventRing(this.#options.capacity);
  }

  #cross(): void {
    this.#isCrossing = false;
    const { bus, nowUs } = this.#options;
    for (const [worker, ring] of this.#rings) {
      for (const event of ring.take(nowUs(), worker)) bus.emit(event);
    }
  }
}
