import { NO_TIMER } from "../sched/timing-wheel.js";
import { EngineContext, TimerKind } from "./context.js";
import type { EngineParts } from "./engine-parts.js";
import type { PathId } from "./events.js";
import { Status } from "./status.js";

/**
 * Tells the parts of an engine which of their timers ran out.
 *
 * @see spec/dcquic.md §13, §22
 */
export class EngineTimers {
  readonly #context: EngineContext;
  readonly #parts: EngineParts;
  #nowUs = 0;

  /** Runs the wheel of `context`. */
  constructor(context: EngineContext, parts: EngineParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Runs the timers that are due. */
  run(nowUs: number): void {
    this.#nowUs = nowUs;
    this.#context.wheel.advance(nowUs, this.#fire);
  }

  readonly #fire = (payload: number): void => {
    const { kind, about } = EngineContext.timerOf(payload);
    if (kind === TimerKind.Path) this.#path(about as PathId);
    else if (kind === TimerKind.Close) this.#parts.closer.onTimer(this.#nowUs, about);
    else this.#transfer(kind, about);
  };

  #path(id: PathId): void {
    const path = this.#context.paths.get(id);
    if (path === undefined) return;
    path.timer = NO_TIMER;
    this.#context.dirty.add(path);
    this.#parts.keeper.onTimer(this.#nowUs, path);
  }

  #transfer(kind: number, slot: number): void {
    const entry = this.#context.transfers.at(slot);
    if (entry === undefined || entry.role === "tombstone") return;
    const { announcer, paths, puller } = this.#parts;
    const path = paths.of(entry);
    if (kind === TimerKind.Deadline) {
      if (entry.role !== "announcer") return;
      entry.ownExtras.deadlineTimer = NO_TIMER;
      announcer.cancel(path, entry, Status.Deadline);
      return;
    }
    if (entry.role === "announcer") {
      entry.timer = NO_TIMER;
      announcer.onTimer(this.#nowUs, path, entry);
    } else {
      entry.progress.timer = NO_TIMER;
      puller.onTimer(this.#nowUs, path, entry);
    }
  }
}
