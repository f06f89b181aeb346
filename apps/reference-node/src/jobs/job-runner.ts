import { DwcpError } from "@proj/dwcp";
import { isWireError } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import type { PeerAddress } from "@proj/dwcp/node";
import { ReplicateError } from "../replicate/replicate-error.js";
import { ReplicationJournal } from "../replicate/replication-journal.js";
import { type ReplicaWay, Replicator } from "../replicate/replicator.js";
import { findSource } from "../replicate/source.js";
import { sleepUntil } from "./sleep-until.js";
import type { JobJournal, StoredJob } from "./job-journal.js";
import type { JobReport, JobState } from "./job.js";

/** What a job runs with. */
export interface JobContext {
  readonly way: ReplicaWay;
  readonly peer: PeerAddress;
  readonly journal: JobJournal;
  /** Where snapshots lie. */
  readonly folder: string;
  readonly changed: (report: JobReport) => void;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/**
 * Runs one job until it is stopped.
 *
 * ```
 * waiting ─news─▶ running ─committed─▶ waiting
 *                 running ─the site is away─▶ retrying ─▶ running
 *                 running ─what time does not mend─▶ failed ─resume─▶ running
 * any ─pause─▶ paused ─resume─▶ running
 * ```
 */
export class JobRunner {
  readonly #job: StoredJob;
  readonly #context: JobContext;
  readonly #stop = new AbortController();
  #turn = new AbortController();
  #state: JobState;
  #reason: string | undefined;
  #arrivedBytes = 0;
  #rawBytes = 0;
  #retryMs = FIRST_RETRY_MS;
  // Open from the first look at the source on.
  #replication: ReplicationJournal | undefined;
  #over: Promise<void> = Promise.resolve();

  constructor(job: StoredJob, context: JobContext) {
    this.#job = job;
    this.#context = context;
    this.#state = job.isPaused ? "paused" : "waiting";
  }

  /** How it stands. */
  get report(): JobReport {
    const { journal } = this.#context;
    const { order, origin } = this.#job;
    const last = journal.runsOf(order.name, 1)[0];
    return {
      ...order,
      origin,
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      runs: journal.countOf(order.name),
      arrivedBytes: this.#arrivedBytes,
      rawBytes: this.#rawBytes,
      ...(last === undefined ? {} : { last }),
    };
  }

  /** Begins. */
  start(): void {
    this.#over = this.#run();
  }

  /** Holds it: what is on its way stops, and goes on where it was later. */
  pause(): void {
    if (this.#state === "paused") return;
    this.#enter("paused");
    this.#turn.abort(new DwcpError("dwcp.shutdown", "the job is paused"));
  }

  /** Lets it go on, after a pause or a failure. */
  resume(): void {
    if (this.#state !== "paused" && this.#state !== "failed") return;
    this.#retryMs = FIRST_RETRY_MS;
    this.#enter("waiting");
    this.#turn.abort();
  }

  /** Ends it; what is on its way goes on with the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#turn.abort(new DwcpError("dwcp.shutdown", "the job is stopped"));
    await this.#over;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stop.signal.aborted) {
        this.#turn = new AbortController();
        await sleepUntil(await this.#step(this.#turn.signal), this.#turn.signal);
      }
    } finally {
      this.#replication?.close();
    }
  }

  // One look at the source. Gives how long to wait for the next one.
  async #step(signal: AbortSignal): Promise<number> {
    if (this.#state === "paused" || this.#state === "failed") return Number.POSITIVE_INFINITY;
    try {
      await this.#replicate(signal);
      this.#retryMs = FIRST_RETRY_MS;
      if (!signal.aborted) this.#enter("waiting");
      return this.#job.order.every_ms;
    } catch (error) {
      if (signal.aborted) return 0;
      return this.#failed(error);
    }
  }

  async #replicate(signal: AbortSignal): Promise<void> {
    const { name, source, site, as, level } = this.#job.order;
    const { way, peer, journal, folder } = this.#context;
    this.#replication ??= await ReplicationJournal.open(
      folder,
      ["job", name, site],
      journal.keeperOf(name),
    );
    const replicator = new Replicator({
      node: way,
      peer,
      source: await findSource(source, as),
      name,
      journal: this.#replication,
      clock: systemTime,
      level,
      algorithm: "auto",
      signal,
      onProgress: (arrived, raw) => {
        this.#arrivedBytes = arrived;
        this.#rawBytes = raw;
      },
    });
    if (!(await replicator.hasNews()) || signal.aborted) return;
    this.#enter("running");
    for (const run of await replicator.run()) {
      journal.note(name, { ...run, atMs: Math.round(systemTime.wallMs()) });
    }
  }

  #failed(error: unknown): number {
    const message = error instanceof Error ? error.message : String(error);
    // A source that is missing, or written to just now, may be there or at rest the next time.
    const mayPass = error instanceof ReplicateError || (isWireError(error) && error.retryable);
    this.#enter(mayPass ? "retrying" : "failed", message);
    if (!mayPass) return Number.POSITIVE_INFINITY;
    const waitMs = this.#retryMs;
    this.#retryMs = Math.min(LONGEST_RETRY_MS, 2 * this.#retryMs);
    return waitMs;
  }

  #enter(state: JobState, reason?: string): void {
    const isNews = state !== this.#state || reason !== this.#reason;
    this.#state = state;
    this.#reason = reason;
    if (isNews) this.#context.changed(this.report);
  }
}
