import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Backend, ShmFolders } from "@proj/native-io";
import { isWireError } from "@proj/wire-types";
import type { StreamProfile } from "../driver/driver-settings.js";
import type {
  KeptRegions,
  RegionRefusal,
  RegionStore,
  StoredEpoch,
} from "../driver/region-store.js";
import { SUPERBLOCK_BYTES } from "../region/layout.js";
import { readSuperblock, type Superblock, touchSuperblock } from "../region/superblock.js";
import { isAlive } from "./process-alive.js";
import { createRegions, epochFolder, namespaceFolder, removeEmptyFolders } from "./region-files.js";

/** Where and how a driver makes regions. */
export interface DiskRegionsOptions {
  /** What lends the memory. */
  readonly backend: Backend;
  /** The folder beneath which everything lies; `folders` allow it. */
  readonly baseDir: string;
  /** The allowed folders. */
  readonly folders: ShmFolders;
  /** Whose regions: a part of the path. */
  readonly user: string;
  /** Which of that user's: a part of the path. */
  readonly namespace: string;
  /** Permissions of the files before the umask. */
  readonly fileMode: number;
  /** Whether the memory is taken at once. */
  readonly reserve: boolean;
  /** Whether the memory is kept out of swap. */
  readonly lock: boolean;
  /** Whether files of the same epoch are taken as they are. */
  readonly reuse: boolean;
  /** Bytes of a huge page, where regions must lie on such. */
  readonly hugepageBytes: number | undefined;
}

const RING = "header.ring";
const POOL_NAME = /^\d{1,5}\.pool$/;
const NUMBER = /^\d{1,20}$/;

/** The regions of a driver as files of shared memory. spec/tensor-pool.md §6, §14.4 */
export class DiskRegions implements RegionStore {
  readonly #options: DiskRegionsOptions;
  // Memory that is this process's own has no folders to look through.
  readonly #made = new Map<string, { readonly streamId: number; readonly epoch: bigint }>();

  /** Looks at nothing yet. */
  constructor(options: DiskRegionsOptions) {
    this.#options = options;
  }

  /** Makes the regions of an epoch. */
  create(
    streamId: number,
    epoch: bigint,
    profile: StreamProfile,
    nowNs: bigint,
  ): KeptRegions | RegionRefusal {
    const { folders, baseDir, user, namespace, fileMode, reserve, reuse } = this.#options;
    const { hugepageBytes, lock } = this.#options;
    try {
      const made = createRegions(folders, {
        baseDir,
        user,
        namespace,
        streamId,
        epoch,
        nslots: profile.nslots,
        pools: profile.pools,
        nowNs,
        pid: process.pid,
        reserve,
        lock,
        fileMode,
        reuse,
        ...(hugepageBytes === undefined ? {} : { requireHugepages: true, hugepageBytes }),
      });
      this.#made.set(this.#folder(streamId, epoch), { streamId, epoch });
      return {
        ring: made.ring,
        pools: made.pools,
        touch: (now) => {
          for (const { bytes } of made.stream.superblocks) touchSuperblock(bytes, now);
        },
        release: () => {
          made.stream.unmap();
        },
      };
    } catch (error) {
      if (!isWireError(error)) throw error;
      const why = error.code === "native_io.no_space" ? "noSpace" : "failed";
      return { why, message: error.message };
    }
  }

  /** Lists the epochs whose folders lie there. */
  stored(): readonly StoredEpoch[] {
    return this.#epochs().map(({ streamId, epoch }) => {
      const superblock = this.#superblock(streamId, epoch);
      const pid = Number(superblock?.pid ?? 0n);
      return {
        streamId,
        epoch,
        activityNs: superblock?.activityTimestampNs ?? 0n,
        madeByAnother: pid !== process.pid && isAlive(pid),
      };
    });
  }

  /** Removes the known files of an epoch, and the folders that are empty then. */
  remove(streamId: number, epoch: bigint): void {
    const { backend, folders, baseDir } = this.#options;
    const folder = this.#folder(streamId, epoch);
    this.#made.delete(folder);
    const names = backend.kind === "native" ? namesIn(folder) : [RING];
    for (const name of names) {
      if (name === RING || POOL_NAME.test(name)) folders.unlink(join(folder, name));
    }
    removeEmptyFolders(folder, baseDir);
  }

  #epochs(): { readonly streamId: number; readonly epoch: bigint }[] {
    if (this.#options.backend.kind !== "native") return [...this.#made.values()];
    const root = namespaceFolder(this.#options);
    return namesIn(root)
      .filter((name) => NUMBER.test(name) && Number(name) < 2 ** 32)
      .flatMap((stream) =>
        namesIn(join(root, stream))
          .filter((name) => NUMBER.test(name) && BigInt(name) < 2n ** 64n)
          .map((epoch) => ({ streamId: Number(stream), epoch: BigInt(epoch) })),
      );
  }

  // What cannot be opened or read says nothing about its age: it counts as old.
  #superblock(streamId: number, epoch: bigint): Superblock | undefined {
    const { folders } = this.#options;
    try {
      const file = folders.open(join(this.#folder(streamId, epoch), RING), {
        access: "read",
        minBytes: SUPERBLOCK_BYTES,
      });
      try {
        const region = file.map({ length: SUPERBLOCK_BYTES });
        const superblock = readSuperblock(region.bytes);
        region.unmap();
        return superblock;
      } finally {
        file.close();
      }
    } catch (error) {
      if (isWireError(error)) return undefined;
      throw error;
    }
  }

  #folder(streamId: number, epoch: bigint): string {
    return epochFolder({ ...this.#options, streamId, epoch });
  }
}

// Links are not followed: their names are left out.
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isFile())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
