import type { MapProgram } from "../map/map-program.js";
import { Hook, type Path, type PullSink } from "../core/hook.js";
import type { Payload } from "../core/payload.js";
import { PendingCapability } from "../core/pending-capability.js";
import type { CallLog } from "./call-log.js";

/**
 * The result of a call that has been collected but not made. What is asked of it joins the log of
 * its pipeline, which keeps the order of all of them: when a call is made at last, every promise
 * among its arguments stands for a call made before it.
 */
export class CollectedCapability extends PendingCapability {
  readonly #log: CallLog;

  /** Its calls go to `log`. */
  constructor(log: CallLog) {
    super();
    this.#log = log;
  }

  override call(path: Path, args: Payload): Hook {
    if (this.resolution === undefined) args.own();
    return this.#ask((target) => target.call(path, args));
  }

  override get(path: Path): Hook {
    return this.#ask((target) => target.get(path));
  }

  override map(path: Path, captures: readonly Hook[], program: MapProgram): Hook {
    return this.#ask((target) => target.map(path, captures, program));
  }

  override pull(sink: PullSink): void {
    super.pull(sink);
    // Whoever awaits one result wants the pipeline to run.
    this.#log.run();
  }

  #ask(ask: (target: Hook) => Hook): Hook {
    if (this.resolution !== undefined) return this.#log.keep(ask(this.resolution));
    const answer = new CollectedCapability(this.#log);
    const hook = new Hook(answer);
    // Both ends of the call stay until it has been made, whether or not somebody wants its result.
    const kept = [new Hook(this), new Hook(answer)];
    this.#log.add(() => {
      const target = this.resolution;
      if (target !== undefined) answer.settle(ask(target));
      for (const each of kept) each.dispose();
    });
    return this.#log.keep(hook);
  }
}
