import { type SourceKind, sourceKinds } from "../replicate/source.js";
import { z } from "zod";

/** Another node that replicas go to. */
export interface Site {
  readonly name: string;
  /** `dwcp://host:port`. */
  readonly url: string;
}

/** What is replicated where, again and again. */
export interface JobOrder {
  /** Names the job, and the replica at the site. */
  readonly name: string;
  /** A path on the host of the node. */
  readonly source: string;
  /** The name of a {@link Site}. */
  readonly site: string;
  /** What the source is; by default what it looks like. */
  readonly as?: SourceKind | undefined;
  /** How often the node looks for changes, in milliseconds. */
  readonly every_ms: number;
  /** Compression: 0 stores, 1 to 9. */
  readonly level: number;
}

/** Who asked for a job: those of the configuration go when it no longer names them. */
export type JobOrigin = "config" | "control";

/** What a job does. `failed`: it needs somebody to look at it, and to let it go on. */
export type JobState = "waiting" | "running" | "retrying" | "paused" | "failed";

/** A job as it stands. Crosses Cap'n Web by value. */
export interface JobReport extends JobOrder {
  readonly origin: JobOrigin;
  readonly state: JobState;
  /** Why it is failed, or tries again. */
  readonly reason?: string;
  /** States that were replicated. */
  readonly runs: number;
  /** Of the state that is on its way. */
  readonly arrivedBytes: number;
  readonly rawBytes: number;
  readonly last?: JobRun;
}

/** A state that was replicated. */
export interface JobRun {
  readonly generation: number;
  readonly rawBytes: number;
  readonly wireBytes: number;
  readonly durationUs: number;
  /** The content id, in hexadecimal. */
  readonly rootHash: string;
  /** When the site had it, in milliseconds since 1970. */
  readonly atMs: number;
}

/** What a watch of jobs tells at one moment. Crosses Cap'n Web by value. */
export interface JobsSnapshot {
  /** Counts the snapshots of this watch, from 1. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Jobs that are new or stand otherwise than in the snapshot before; all of them in the first. */
  readonly changed: readonly JobReport[];
  /** Names of jobs that are no more. */
  readonly removed: readonly string[];
  /** Moments that were left out before this one, because the watcher was not done with the snapshot before. */
  readonly skipped: number;
}

/** Looking more often than this costs more than it gains. */
const MIN_EVERY_MS = 100;
const MAX_EVERY_MS = 86_400_000;

/** Checks an order, and fills in what it leaves out. */
export const jobOrderSchema: z.ZodType<JobOrder> = z.strictObject({
  name: z.string().min(1).max(180),
  source: z.string().min(1),
  site: z.string().min(1),
  as: z.enum(sourceKinds as [SourceKind, ...SourceKind[]]).optional(),
  every_ms: z.int().min(MIN_EVERY_MS).max(MAX_EVERY_MS).default(2_000),
  level: z.int().min(0).max(9).default(3),
});
