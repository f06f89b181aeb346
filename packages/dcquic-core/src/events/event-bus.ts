import {
  ALL_GROUPS,
  type DcquicEvent,
  EventGroup,
  type EventGroupName,
  type EventLevel,
} from "./event-groups.js";

/** Who is told of events. */
export interface Subscriber {
  /** Bits of {@link EventGroup}; all groups if absent. */
  readonly mask?: number;
  /** The least important level that is told; "info" if absent. */
  readonly level?: EventLevel;
  /** Is told. What it throws is counted and disturbs nobody. */
  onEvent(event: DcquicEvent): void;
}

const RANKS: Readonly<Record<EventLevel, number>> = { critical: 0, info: 1, debug: 2 };

/**
 * Tells subscribers what happened. An event that nobody wants is never built: ask {@link EventBus.wants} first.
 *
 * @see spec/dcquic.md §21
 */
export class EventBus {
  readonly #subscribers = new Set<Subscriber>();
  // Wanted groups by level.
  readonly #masks = [0, 0, 0];
  #failures = 0;

  /** How often a subscriber threw. */
  get failures(): number {
    return this.#failures;
  }

  /** Adds a subscriber. @returns a function that removes it. */
  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    this.#recount();
    return () => {
      this.#subscribers.delete(subscriber);
      this.#recount();
    };
  }

  /** Groups of which anyone wants debug events, as bits of {@link EventGroup}. */
  get watched(): number {
    return this.#masks[RANKS.debug] ?? 0;
  }

  /** Whether anyone wants events of a group and level. */
  wants(group: EventGroupName, level: EventLevel): boolean {
    return ((this.#masks[RANKS[level]] ?? 0) & EventGroup[group]) !== 0;
  }

  /** Tells an event to all who want it, in the order in which they subscribed. */
  emit(event: DcquicEvent): void {
    for (const subscriber of this.#subscribers) {
      const mask = subscriber.mask ?? ALL_GROUPS;
      if ((mask & EventGroup[event.group]) === 0) continue;
      if (RANKS[event.level] > RANKS[subscriber.level ?? "info"]) continue;
      try {
        subscriber.onEvent(event);
      } catch {
        this.#failures += 1;
      }
    }
  }

  #recount(): void {
    this.#masks.fill(0);
    for (const { mask = ALL_GROUPS, level = "info" } of this.#subscribers) {
      for (let rank = 0; rank <= RANKS[level]; rank++) {
        this.#masks[rank] = (this.#masks[rank] ?? 0) | mask;
      }
    }
  }
}
