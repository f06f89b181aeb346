import { FileLock } from "@proj/dwcp/node";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Snapshot } from "./snapshot.js";

/** A snapshot that is on its way. */
export interface PendingState extends Snapshot {
  /** 16 bytes, in hexadecimal: the receiver keeps what arrived under it. */
  readonly transferId: string;
  readonly generation: number;
}

/** A snapshot that the receiver has. */
export interface CommittedState extends Snapshot {
  readonly generation: number;
  /** Its content id. */
  readonly rootHash: string;
}

/** What a replication has come to. */
export interface ReplicationState {
  readonly pending?: PendingState | undefined;
  readonly committed?: CommittedState | undefined;
}

const snapshot = { fingerprint: z.string(), bytes: z.int().min(0), generation: z.int().min(0) };
const stateSchema: z.ZodType<ReplicationState> = z.strictObject({
  pending: z
    .strictObject({ ...snapshot, transferId: z.string().regex(/^[0-9a-f]{32}$/) })
    .optional(),
  committed: z
    .strictObject({ ...snapshot, rootHash: z.string().regex(/^[0-9a-f]{64}$/) })
    .optional(),
});

/** Where a journal's state is kept: written means safe. */
export interface StateKeeper {
  read(): Promise<ReplicationState>;
  write(state: ReplicationState): Promise<void>;
}

/** Reads a state from JSON. One that cannot be read costs one full transfer and nothing else. */
export function parseReplicationState(text: string): ReplicationState {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Where replications keep their journals, unless they are told otherwise. */
export function defaultStateFolder(
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const base = environment["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state");
  return join(base, "reference-node", "replicate");
}

/**
 * What one replication remembers between runs: the state that the receiver has, and the one on its way.
 *
 * ```
 * <folder>/<of source, peer and name>/journal.json
 *                                     pending.bin    the snapshot on its way: after a kill the same is sent on
 *                                     base.bin       the snapshot that the receiver has: the next one is told by its differences
 *                                     lock
 * ```
 */
export class ReplicationJournal {
  readonly #folder: string;
  readonly #lock: FileLock;
  readonly #keeper: StateKeeper;
  #state: ReplicationState;

  private constructor(
    folder: string,
    lock: FileLock,
    keeper: StateKeeper,
    state: ReplicationState,
  ) {
    this.#folder = folder;
    this.#lock = lock;
    this.#keeper = keeper;
    this.#state = state;
  }

  /**
   * Opens the journal of a replication. Its state lies in `journal.json`, unless `keeper` keeps it elsewhere.
   *
   * @throws DwcpError `dwcp.conflict` when another process runs it.
   */
  static async open(
    root: string,
    identity: readonly string[],
    keeper?: StateKeeper,
  ): Promise<ReplicationJournal> {
    const name = createHash("sha256").update(identity.join("\0")).digest("hex").slice(0, 32);
    const folder = join(root, name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const lock = new FileLock(join(folder, "lock"));
    const kept = keeper ?? jsonKeeper(join(folder, "journal.json"));
    return new ReplicationJournal(folder, lock, kept, await kept.read());
  }

  /** Where a new snapshot goes. */
  get pendingPath(): string {
    return join(this.#folder, "pending.bin");
  }

  /** The snapshot that the receiver has; `undefined` when it is not here any more. */
  get basePath(): string | undefined {
    const path = join(this.#folder, "base.bin");
    return this.#state.committed !== undefined && existsSync(path) ? path : undefined;
  }

  /** The snapshot on its way, where an earlier run left one. */
  get pending(): PendingState | undefined {
    return existsSync(this.pendingPath) ? this.#state.pending : undefined;
  }

  /** What the receiver has. */
  get committed(): CommittedState | undefined {
    return this.#state.committed;
  }

  /** A snapshot is about to be sent. */
  async begin(pending: PendingState): Promise<void> {
    await this.#write({ ...this.#state, pending });
  }

  /** The receiver has the snapshot on its way: from now on it is the base. */
  async commit(committed: CommittedState): Promise<void> {
    await rename(this.pendingPath, join(this.#folder, "base.bin"));
    await this.#write({ committed });
  }

  /** The snapshot on its way will never be taken. */
  async abandon(): Promise<void> {
    await this.#write({ committed: this.#state.committed });
    await rm(this.pendingPath, { force: true });
  }

  /** Lets other processes run this replication. */
  close(): void {
    this.#lock.release();
  }

  async #write(state: ReplicationState): Promise<void> {
    await this.#keeper.write(state);
    this.#state = state;
  }
}

function jsonKeeper(path: string): StateKeeper {
  return {
    read: async () => parseReplicationState(await readFile(path, "utf8").catch(() => "")),
    write: async (state) => {
      const file = await open(`${path}.new`, "w", 0o600);
      try {
        await file.writeFile(JSON.stringify(state));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
    },
  };
}
