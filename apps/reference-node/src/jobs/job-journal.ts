import { FileLock } from "@proj/dwcp/node";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import sqlite, { type Database } from "node-sqlite3-wasm";
import { parseReplicationState, type StateKeeper } from "../replicate/replication-journal.js";
import { type JobOrder, jobOrderSchema, type JobOrigin, type JobRun } from "./job.js";

/** A job as the journal knows it. */
export interface StoredJob {
  readonly order: JobOrder;
  readonly origin: JobOrigin;
  readonly isPaused: boolean;
}

/** How many states of a job are remembered. */
const RUNS_KEPT = 1_000;

const SCHEMA = `
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS jobs (
    name TEXT PRIMARY KEY,
    job_order TEXT NOT NULL,
    origin TEXT NOT NULL,
    is_paused INTEGER NOT NULL DEFAULT 0,
    replication TEXT NOT NULL DEFAULT '{}'
  );
  CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    generation INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    wire_bytes INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    root_hash TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS runs_of_job ON runs (job, id);
`;

/**
 * What jobs there are, what each has on its way, and what it has brought: one SQLite file, written in transactions.
 *
 * ```
 * <folder>/jobs.sqlite
 *          jobs.lock       keeps a second node away
 * ```
 */
export class JobJournal {
  readonly #lock: FileLock;
  readonly #database: Database;

  /** Opens the journal in `folder`, or makes it. @throws DwcpError `dwcp.conflict` while another node has it */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, "jobs.sqlite");
    this.#lock = new FileLock(join(folder, "jobs.lock"));
    try {
      // SQLite's own lock, of a process that was killed within a transaction: ours says that it lives no more.
      rmSync(`${path}.lock`, { recursive: true, force: true });
      this.#database = new sqlite.Database(path);
      this.#database.exec(SCHEMA);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  /** Every job, by name. */
  get jobs(): readonly StoredJob[] {
    const rows = this.#database.all("SELECT job_order, origin, is_paused FROM jobs ORDER BY name");
    return rows.map((row) => ({
      order: jobOrderSchema.parse(JSON.parse(textOf(row["job_order"]))),
      origin: row["origin"] === "config" ? "config" : "control",
      isPaused: row["is_paused"] === 1,
    }));
  }

  /** Takes a job, or changes the one of its name. */
  put(order: JobOrder, origin: JobOrigin): void {
    this.#database.run(
      `INSERT INTO jobs (name, job_order, origin) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET job_order = excluded.job_order, origin = excluded.origin`,
      [order.name, JSON.stringify(order), origin],
    );
  }

  /** Forgets a job, and what it brought. */
  remove(name: string): void {
    this.#database.run("DELETE FROM runs WHERE job = ?", [name]);
    this.#database.run("DELETE FROM jobs WHERE name = ?", [name]);
  }

  /** Remembers whether somebody holds a job. */
  hold(name: string, verb: "pause" | "resume"): void {
    const values = [verb === "pause" ? 1 : 0, name];
    this.#database.run("UPDATE jobs SET is_paused = ? WHERE name = ?", values);
  }

  /** Remembers a state that the site has. */
  note(name: string, run: JobRun): void {
    const { generation, rawBytes, wireBytes, durationUs, rootHash, atMs } = run;
    this.#database.run(
      `INSERT INTO runs (job, generation, raw_bytes, wire_bytes, duration_us, root_hash, at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [name, generation, rawBytes, wireBytes, durationUs, rootHash, atMs],
    );
    this.#database.run(
      `DELETE FROM runs WHERE job = ?
       AND id <= (SELECT id FROM runs WHERE job = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      [name, name, RUNS_KEPT],
    );
  }

  /** What a job brought, the newest first. */
  runsOf(name: string, most: number): readonly JobRun[] {
    const rows = this.#database.all("SELECT * FROM runs WHERE job = ? ORDER BY id DESC LIMIT ?", [
      name,
      most,
    ]);
    return rows.map((row) => ({
      generation: Number(row["generation"]),
      rawBytes: Number(row["raw_bytes"]),
      wireBytes: Number(row["wire_bytes"]),
      durationUs: Number(row["duration_us"]),
      rootHash: textOf(row["root_hash"]),
      atMs: Number(row["at_ms"]),
    }));
  }

  /** How many states a job brought, as far as they are remembered. */
  countOf(name: string): number {
    const row = this.#database.get("SELECT count(*) AS runs FROM runs WHERE job = ?", [name]);
    return Number(row?.["runs"] ?? 0);
  }

  /** Keeps what one job has on its way, and what its site has. */
  keeperOf(name: string): StateKeeper {
    return {
      read: () => {
        const row = this.#database.get("SELECT replication FROM jobs WHERE name = ?", [name]);
        return Promise.resolve(parseReplicationState(textOf(row?.["replication"])));
      },
      write: (state) => {
        const values = [JSON.stringify(state), name];
        this.#database.run("UPDATE jobs SET replication = ? WHERE name = ?", values);
        return Promise.resolve();
      },
    };
  }

  /** Lets another node have it. */
  close(): void {
    this.#database.close();
    this.#lock.release();
  }
}

// What a column of text holds; of another type it is as good as nothing.
function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
