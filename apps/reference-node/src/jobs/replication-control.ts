import { RpcTarget, type RpcStub } from "@proj/capnweb-rpc";
import type { Clock } from "@proj/wire-types";
import { ControlError } from "../control/control-error.js";
import type { SnapshotSink, Watch } from "../control/watch.js";
import type { WatchBook, WatchTerms } from "../control/watch-book.js";
import type { JobService } from "./job-service.js";
import type { JobReport, JobRun, JobsSnapshot, Site } from "./job.js";
import { JobsLook } from "./jobs-look.js";

const MOST_RUNS = 1_000;

/** The replication jobs of a node, for the CLI, dashboards and programs. */
export class ReplicationControl extends RpcTarget {
  readonly #jobs: JobService;
  readonly #watches: WatchBook;
  readonly #clock: Clock;

  /** `watches` holds those that are open in its session. */
  constructor(jobs: JobService, watches: WatchBook, clock: Clock) {
    super();
    this.#jobs = jobs;
    this.#watches = watches;
    this.#clock = clock;
  }

  /** Answers where replicas can go. */
  sites(): readonly Site[] {
    return this.#jobs.sites;
  }

  /** Answers all jobs, by name. */
  jobs(): readonly JobReport[] {
    return this.#jobs.jobs;
  }

  /** Answers one job. @throws ControlError `control.no_such_job` */
  job(name: string): JobReport {
    return this.#jobs.job(name);
  }

  /** Adds a job, which survives the node. @throws ControlError `control.invalid` saying what is wrong with it */
  add(order: unknown): JobReport {
    return this.#jobs.add(order);
  }

  /** Ends a job and forgets it; what the site has stays there. @throws ControlError `control.no_such_job` */
  async remove(name: string): Promise<void> {
    await this.#jobs.remove(name);
  }

  /** Holds a job, over restarts too. @throws ControlError `control.no_such_job` */
  pause(name: string): JobReport {
    return this.#jobs.steer(name, "pause");
  }

  /** Lets a job go on, after a pause or a failure. @throws ControlError `control.no_such_job` */
  resume(name: string): JobReport {
    return this.#jobs.steer(name, "resume");
  }

  /** Answers what a job brought, the newest first. @throws ControlError `control.no_such_job`, `control.invalid` */
  runs(name: string, most = 20): readonly JobRun[] {
    if (!Number.isInteger(most) || most < 1 || most > MOST_RUNS) {
      throw new ControlError("control.invalid", `most is ${String(most)}, not 1 to ${MOST_RUNS}`);
    }
    return this.#jobs.runsOf(name, most);
  }

  /**
   * Tells `sink` all jobs at once, and then those that change, until the answer is disposed, `sink` fails or the session ends.
   *
   * @throws ControlError `control.invalid` for an interval out of range, `control.limit` for one watch too many
   */
  watch(sink: RpcStub<SnapshotSink<JobsSnapshot>>, terms: WatchTerms = {}): Watch<JobsSnapshot> {
    const view = new JobsLook(this.#jobs, this.#clock);
    return this.#watches.open(sink, terms, (skipped) => view.look(skipped));
  }
}
