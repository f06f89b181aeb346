import { tellEngineEvent } from "../events/engine-events.js";
import { ALL_GROUPS, type DcquicEvent } from "../events/event-groups.js";
import { EventRing } from "../events/event-ring.js";
import type { PoolBackend } from "../pool/pool-backend.js";
import type { LaneOutbox } from "./lane.js";
import type { ShareNews } from "./share-messages.js";

const MAX_UNHEARD = 1024;

/** What happens in a pool, for a thread that subscribed: what it has not heard is bounded, and what waits is a ring. §21 */
export class HostEvents {
  readonly #backend: PoolBackend;
  readonly #outbox: LaneOutbox<ShareNews>;
  readonly #ring: EventRing;
  #end: (() => void) | undefined;
  #unheard = 0;

  /** Tells nothing yet; `capacity` events may wait. */
  constructor(backend: PoolBackend, outbox: LaneOutbox<ShareNews>, capacity: number) {
    this.#backend = backend;
    this.#outbox = outbox;
    this.#ring = new EventRing(capacity);
  }

  /** Begins to tell, unless it does. */
  begin(): void {
    const { mainPort } = this.#backend;
    const sink = { wants: () => true, emit: (event: DcquicEvent) => this.#take(event) };
    this.#end ??= this.#backend.subscribe({
      watched: ALL_GROUPS,
      engine: (worker, event) => tellEngineEvent(sink, mainPort.nowUs, worker, event),
      own: (event) => this.#take(event),
    });
  }

  /** The thread took so many events. */
  heard(events: number): void {
    this.#unheard = Math.max(0, this.#unheard - events);
    this.#tell();
  }

  /** Tells nothing more. */
  end(): void {
    this.#end?.();
    this.#end = undefined;
  }

  #take(event: DcquicEvent): void {
    this.#ring.push(event);
    this.#tell();
  }

  #tell(): void {
    if (this.#unheard >= MAX_UNHEARD || this.#end === undefined) return;
    const events = [...this.#ring.take(this.#backend.mainPort.nowUs, 0)];
    if (events.length === 0) return;
    this.#unheard += events.length;
    this.#outbox.post({ kind: "events", events });
  }
}
