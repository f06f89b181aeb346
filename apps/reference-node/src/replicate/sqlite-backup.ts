import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ReplicateError } from "./replicate-error.js";

const run = promisify(execFile);

/** What this takes of `node:sqlite`, which the oldest Node of this workspace does not have. */
interface SqliteModule {
  readonly DatabaseSync: new (
    path: string,
    options: { readonly readOnly: boolean },
  ) => {
    close(): void;
  };
  readonly backup?: (
    database: object,
    path: string,
    options: { readonly rate: number; readonly progress: () => void },
  ) => Promise<number>;
}

/** Between two of so many pages it is looked whether anybody still wants the copy. */
const STEP_PAGES = 1_000;
/** How long writers of the database may hold it. */
const BUSY_MS = 30_000;

/**
 * Copies what is committed in an SQLite database, while others go on writing. Pages stay where they are, so that the next copy
 * differs in those that changed.
 *
 * @throws ReplicateError when neither this Node nor the host has SQLite, or SQLite does not take the file
 * @throws the reason of `signal`
 */
export async function backUpSqlite(
  path: string,
  into: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sqlite = await loadSqlite();
  try {
    if (sqlite?.backup !== undefined) await backUpHere(sqlite, path, into, signal);
    else await backUpByProgram(path, into, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ReplicateError) throw error;
    const reason = reasonOf(error);
    throw new ReplicateError(`SQLite cannot back up ${path}: ${reason}`, "check the database", {
      cause: error,
    });
  }
}

// What SQLite's program wrote says more than which command failed.
function reasonOf(error: unknown): string {
  const { stderr = "", message = String(error) } = error as { stderr?: string; message?: string };
  return (stderr.trim() || message.trim()).replace(/^Error: /, "");
}

async function loadSqlite(): Promise<SqliteModule | undefined> {
  const name = "node:sqlite";
  try {
    return (await import(name)) as SqliteModule;
  } catch {
    return undefined;
  }
}

async function backUpHere(
  sqlite: SqliteModule,
  path: string,
  into: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const database = new sqlite.DatabaseSync(path, { readOnly: true });
  try {
    const progress = (): void => signal?.throwIfAborted();
    await sqlite.backup?.(database, into, { rate: STEP_PAGES, progress });
  } finally {
    database.close();
  }
}

async function backUpByProgram(
  path: string,
  into: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const quoted = JSON.stringify(into);
  const line = ["-batch", "-cmd", `.timeout ${BUSY_MS}`, path, `.backup ${quoted}`];
  signal?.throwIfAborted();
  const running = run("sqlite3", line);
  // Once it is gone, and not before: until then it may write.
  const kill = (): void => void running.child.kill("SIGKILL");
  signal?.addEventListener("abort", kill);
  try {
    await running;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new ReplicateError(
      `a consistent copy of the database ${path} needs SQLite, which this host lacks`,
      "install sqlite3, or use a Node with node:sqlite (24); or write --as file while nobody writes to it",
    );
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}
