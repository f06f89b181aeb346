import type { PeerAddress } from "@proj/dwcp/node";
import { ControlError } from "../control/control-error.js";
import { parseDwcpUrl } from "../replicate/dwcp-url.js";
import { isReplicaName } from "../replicate/replica-key.js";
import type { ReplicaWay } from "../replicate/replicator.js";
import { JobJournal, type StoredJob } from "./job-journal.js";
import { type JobOrder, jobOrderSchema, type JobReport, type JobRun, type Site } from "./job.js";
import { JobRunner } from "./job-runner.js";

/** What a {@link JobService} is made of. */
export interface JobServiceOptions {
  readonly sites: readonly Site[];
  /** Those that the configuration names. */
  readonly jobs: readonly JobOrder[];
  readonly way: ReplicaWay;
  /** Where the journal and the snapshots lie. */
  readonly folder: string;
  /** Hears of every change of a job. */
  readonly changed: (report: JobReport) => void;
}

/** The replication jobs of a node: they survive it in a journal, and go on where they were. */
export class JobService {
  readonly #options: JobServiceOptions;
  readonly #journal: JobJournal;
  readonly #runners = new Map<string, JobRunner>();

  /** Takes over the jobs of the configuration, and starts all. @throws DwcpError `dwcp.conflict` while another node has them */
  constructor(options: JobServiceOptions) {
    this.#options = options;
    this.#journal = new JobJournal(options.folder);
    const configured = new Set(options.jobs.map(({ name }) => name));
    for (const order of options.jobs) this.#journal.put(order, "config");
    for (const job of this.#journal.jobs) {
      const { order, origin } = job;
      const isGone = origin === "config" && !configured.has(order.name);
      const peer = isGone ? undefined : this.#peerOf(order);
      // A site that the configuration no longer names takes its jobs along.
      if (peer === undefined) this.#journal.remove(order.name);
      else this.#start(job, peer);
    }
  }

  /** Where replicas can go. */
  get sites(): readonly Site[] {
    return this.#options.sites;
  }

  /** All jobs, by name. */
  get jobs(): readonly JobReport[] {
    return [...this.#runners.values()].map(({ report }) => report);
  }

  /** One job. @throws ControlError `control.no_such_job` */
  job(name: string): JobReport {
    return this.#runnerOf(name).report;
  }

  /** Adds a job. @throws ControlError `control.invalid` saying what is wrong with it */
  add(asked: unknown): JobReport {
    const read = jobOrderSchema.safeParse(asked);
    if (!read.success) {
      const [issue] = read.error.issues;
      throw new ControlError("control.invalid", `${issue?.path.join(".")}: ${issue?.message}`);
    }
    const { name, site } = read.data;
    if (!isReplicaName(name)) {
      throw new ControlError("control.invalid", `a replica cannot be called ${name}`);
    }
    const peer = this.#peerOf(read.data);
    if (peer === undefined) {
      throw new ControlError("control.invalid", `there is no site ${site}`);
    }
    if (this.#runners.has(name)) {
      throw new ControlError("control.invalid", `there is a job ${name} already`);
    }
    this.#journal.put(read.data, "control");
    return this.#start({ order: read.data, origin: "control", isPaused: false }, peer).report;
  }

  /** Ends a job and forgets it; what the site has stays there. @throws ControlError `control.no_such_job` */
  async remove(name: string): Promise<void> {
    // Its name is free when nothing of it runs any more.
    await this.#runnerOf(name).stop();
    this.#journal.remove(name);
    this.#runners.delete(name);
  }

  /** Holds a job, over restarts too, or lets it go on. @throws ControlError `control.no_such_job` */
  steer(name: string, verb: "pause" | "resume"): JobReport {
    const runner = this.#runnerOf(name);
    this.#journal.hold(name, verb);
    runner[verb]();
    return runner.report;
  }

  /** What a job brought, the newest first. @throws ControlError `control.no_such_job` */
  runsOf(name: string, most: number): readonly JobRun[] {
    this.#runnerOf(name);
    return this.#journal.runsOf(name, most);
  }

  /** Stops all; what is on its way goes on with the next start. */
  async close(): Promise<void> {
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()));
    this.#journal.close();
  }

  #start(job: StoredJob, peer: PeerAddress): JobRunner {
    const { way, folder, changed } = this.#options;
    const runner = new JobRunner(job, { way, peer, journal: this.#journal, folder, changed });
    this.#runners.set(job.order.name, runner);
    runner.start();
    return runner;
  }

  // Where a job goes; nowhere if no site has that name.
  #peerOf({ site }: JobOrder): PeerAddress | undefined {
    const found = this.#options.sites.find(({ name }) => name === site);
    return found === undefined ? undefined : parseDwcpUrl(found.url);
  }

  #runnerOf(name: string): JobRunner {
    const runner = this.#runners.get(name);
    if (runner !== undefined) return runner;
    throw new ControlError("control.no_such_job", `there is no job ${name}`);
  }
}
