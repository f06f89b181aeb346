import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { TrainingResult } from "../../dictionary/train-dictionary.js";
import { DwcpError } from "../../errors.js";
import { anchorSlots } from "../../hde/anchor-index.js";
import { ByteBudget } from "./byte-budget.js";
import { HdeJob } from "./hde-job.js";
import { lengthOf, type SourceSpec } from "./source-spec.js";
import type { FromWorker, JobSpec, TaskResult, ToWorker, WorkerTask } from "./worker-messages.js";

/** How a job is opened: what a {@link JobSpec} says, without the table that the pool makes. */
export interface JobOptions extends Omit<JobSpec, "baseline" | "closed"> {
  /** What it is sent against. */
  readonly baseline?:
    | {
        readonly slot: number;
        readonly spec: SourceSpec;
        /** The table that {@link HdePool.index} filled; an empty one when absent. */
        readonly slots?: Uint32Array<SharedArrayBuffer> | undefined;
      }
    | undefined;
}

/** Raw bytes that all decoders together may hold: a unit of a few bytes may stand for 64 MiB. */
const MAX_DECODING_BYTES = 134_217_728;

interface Pending {
  readonly job: number;
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (error: Error) => void;
}

interface Member {
  readonly worker: Worker;
  readonly jobs: Set<number>;
  readonly pending: Map<number, Pending>;
}

/**
 * Encodes and decodes in worker threads. Bytes are shared or transferred, never copied through messages.
 *
 * Workers start with the first task and end with {@link close}. One that dies fails its tasks, and another takes its place.
 *
 * @see spec/dwcp.md B18
 */
export class HdePool {
  readonly #size: number;
  readonly #members: Member[] = [];
  readonly #specs = new Map<number, JobSpec>();
  #nextJob = 1;
  #nextTask = 1;
  #isClosed = false;
  readonly #decoding = new ByteBudget(MAX_DECODING_BYTES);

  /** `size` is the number of threads; one less than there are cores when absent. */
  constructor(size: number = Math.max(1, availableParallelism() - 1)) {
    this.#size = size;
  }

  /** Threads that it may use. */
  get size(): number {
    return this.#size;
  }

  /** Tasks that wait or run. */
  get depth(): number {
    return this.#members.reduce((sum, { pending }) => sum + pending.size, 0);
  }

  /** Begins a job. The table of the baseline's anchors is filled by a worker; units before that do without moved content. */
  open(options: JobOptions): HdeJob {
    this.#requireOpen();
    const { baseline } = options;
    const closed = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const spec: JobSpec = { ...options, baseline: baseline && withSlots(baseline), closed };
    const id = this.#nextJob++;
    this.#specs.set(id, spec);
    return new HdeJob({
      run: (task, transfer) => this.#run(id, task, transfer),
      decoding: this.#decoding,
      close: () => this.#closeJob(id),
    });
  }

  /** Starts a thread if there is none, since the first task would wait for it. */
  warm(): void {
    if (!this.#isClosed && this.#members.length === 0) this.#start();
  }

  /** Begins a job that only hashes. */
  openSource(spec: SourceSpec): HdeJob {
    return this.open({ ...NOTHING_TO_ENCODE, object: spec });
  }

  /** Makes the table of a baseline's anchors, for the jobs that encode against it. */
  async index(spec: SourceSpec): Promise<Uint32Array<SharedArrayBuffer>> {
    const slots = anchorSlots(lengthOf(spec));
    const job = this.open({ ...NOTHING_TO_ENCODE, baseline: { slot: 0, spec, slots } });
    try {
      await job.index();
    } finally {
      job.close();
    }
    return slots;
  }

  /** Trains a dictionary of samples, and judges it by those it was not made of. */
  async train(samples: readonly Uint8Array[], maxBytes: number): Promise<TrainingResult> {
    const job = this.open(NOTHING_TO_ENCODE);
    try {
      return await job.train(samples, maxBytes);
    } finally {
      job.close();
    }
  }

  /** Ends all threads; tasks that still run fail with `dwcp.shutdown`. Closing twice does no harm. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#specs.clear();
    const members = this.#members.splice(0);
    for (const member of members) {
      failAll(member, new DwcpError("dwcp.shutdown", "the pool is closed"));
    }
    await Promise.all(members.map(({ worker }) => worker.terminate()));
  }

  #run(job: number, task: WorkerTask, transfer: ArrayBuffer[] = []): Promise<TaskResult> {
    this.#requireOpen();
    const spec = this.#specs.get(job);
    if (spec === undefined) throw new DwcpError("dwcp.shutdown", "the job is closed");
    const member = this.#leastLoaded();
    if (!member.jobs.has(job)) {
      member.jobs.add(job);
      this.#send(member, { kind: "open", job, spec });
    }
    const id = this.#nextTask++;
    return new Promise((resolve, reject) => {
      member.pending.set(id, { job, resolve, reject });
      this.#send(member, { kind: "task", job, id, task }, transfer);
    });
  }

  #closeJob(job: number): void {
    const spec = this.#specs.get(job);
    if (spec !== undefined) Atomics.store(spec.closed, 0, 1);
    this.#specs.delete(job);
    for (const member of this.#members) {
      if (member.jobs.delete(job)) this.#send(member, { kind: "close", job });
    }
  }

  #leastLoaded(): Member {
    const best = this.#members.toSorted((a, b) => a.pending.size - b.pending.size)[0];
    if (best !== undefined && (best.pending.size === 0 || this.#members.length >= this.#size)) {
      return best;
    }
    return this.#start();
  }

  #start(): Member {
    const worker = new Worker(new URL("./hde-worker.js", import.meta.url));
    const member: Member = { worker, jobs: new Set(), pending: new Map() };
    this.#members.push(member);
    worker.on("message", (message: FromWorker) => settle(member, message));
    worker.on("error", (cause) => {
      failAll(member, new DwcpError("dwcp.decode", "a worker thread failed", { cause }));
    });
    worker.on("exit", () => {
      failAll(member, new DwcpError("dwcp.decode", "a worker thread ended"));
      const at = this.#members.indexOf(member);
      if (at >= 0) this.#members.splice(at, 1);
    });
    // Idle workers do not keep the process alive.
    worker.unref();
    return member;
  }

  #send(member: Member, message: ToWorker, transfer: ArrayBuffer[] = []): void {
    member.worker.postMessage(message, transfer);
    if (member.pending.size > 0) member.worker.ref();
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new DwcpError("dwcp.shutdown", "the pool is closed");
  }
}

const NOTHING_TO_ENCODE = {
  pageBytes: 4_096,
  chunkBytes: 0,
  maxUnitRawBytes: 4_096,
  maxEncodedBytes: 0,
  algorithm: "auto",
} as const;

function withSlots(
  baseline: NonNullable<JobOptions["baseline"]>,
): NonNullable<JobSpec["baseline"]> {
  const { slot, spec } = baseline;
  return { slot, spec, slots: baseline.slots ?? anchorSlots(lengthOf(spec)) };
}

function settle(member: Member, message: FromWorker): void {
  const pending = member.pending.get(message.id);
  // The answer to a task that failed when the pool was closed. The process stays for the end of the worker: no `unref` here.
  if (pending === undefined) return;
  member.pending.delete(message.id);
  if (member.pending.size === 0) member.worker.unref();
  if (message.kind === "done") pending.resolve(message.result);
  else if (message.code === undefined) pending.reject(new Error(message.message));
  else pending.reject(new DwcpError(message.code, message.message));
}

function failAll(member: Member, error: DwcpError): void {
  for (const { reject } of member.pending.values()) reject(error);
  member.pending.clear();
}
