import sqlite, { type Database } from "node-sqlite3-wasm";

/** An SQLite database of flights that changes: what the demo replicates. */
export class FlightDatabase {
  readonly #database: Database;

  /** Makes it at `path`, empty. */
  constructor(path: string) {
    this.#database = new sqlite.Database(path);
    this.#database.exec(
      "CREATE TABLE flights (id INTEGER PRIMARY KEY, delay INTEGER, distance INTEGER, time REAL)",
    );
  }

  /** Inserts the flights of a JSON list in one transaction; gives their number. */
  fill(json: string): number {
    const { changes } = this.#database.run(
      `INSERT INTO flights (delay, distance, time)
       SELECT value ->> 'delay', value ->> 'distance', value ->> 'time' FROM json_each(?)`,
      json,
    );
    return changes;
  }

  /** Delays every nth flight by three digits of minutes, so that about `count` rows change; gives their number. */
  delay(count: number): number {
    const row = this.#database.get("SELECT count(*) AS flights FROM flights");
    const step = Math.max(1, Math.ceil(Number(row?.["flights"] ?? 0) / count));
    const { changes } = this.#database.run(
      "UPDATE flights SET delay = 100 + id % 900 WHERE id % ? = 0",
      step,
    );
    return changes;
  }

  /** Closes it; the file stays. */
  close(): void {
    this.#database.close();
  }
}
