import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@proj/wire-types";
import type { JobReport, JobsSnapshot } from "./job.js";

/** What a {@link JobsLook} looks at. */
export interface JobsView {
  readonly jobs: readonly JobReport[];
}

/** Looks at the jobs of a node again and again, and tells those that changed since the look before. */
export class JobsLook {
  readonly #view: JobsView;
  readonly #clock: Clock;
  #known: ReadonlyMap<string, JobReport> = new Map();
  #sequence = 0;

  constructor(view: JobsView, clock: Clock) {
    this.#view = view;
    this.#clock = clock;
  }

  /** What a watch tells now, `skipped` moments having been left out: all jobs at first, and nothing when there is no news. */
  look(skipped: number): JobsSnapshot | undefined {
    const known = this.#known;
    const now = new Map(this.#view.jobs.map((job) => [job.name, job]));
    const changed = [...now.values()].filter((job) => !isDeepStrictEqual(job, known.get(job.name)));
    const removed = [...known.keys()].filter((name) => !now.has(name));
    if (this.#sequence > 0 && changed.length === 0 && removed.length === 0) return undefined;
    this.#known = now;
    return {
      sequence: ++this.#sequence,
      atMs: this.#clock.wallMs(),
      changed,
      removed,
      skipped,
    };
  }
}
