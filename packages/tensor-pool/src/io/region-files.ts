import { rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ShmFile, type ShmFolders, unitsPerSegment } from "@proj/native-io";
import type { SharedRegion, ShmFileUri } from "@proj/wire-types";
import type { AnnouncedPool, StreamLayout } from "../announce/announce.js";
import { TensorPoolError } from "../errors.js";
import { poolBytes, type PoolLayout, ringBytes, SUPERBLOCK_BYTES } from "../region/layout.js";
import { MappedPool, MappedStream } from "../region/mapped-stream.js";
import {
  type ExpectedRegion,
  readSuperblock,
  superblockFault,
  writeSuperblock,
} from "../region/superblock.js";

/** What regions a producer makes for an epoch of a stream. */
export interface NewRegions {
  /** The folder beneath which files are made; `allow` has it. */
  readonly baseDir: string;
  /** Whose regions: a part of the path. */
  readonly user: string;
  /** Which of that user's: a part of the path. */
  readonly namespace: string;
  /** The stream. */
  readonly streamId: number;
  /** The generation. */
  readonly epoch: bigint;
  /** Slots of the ring and of every pool. */
  readonly nslots: number;
  /** The pools. */
  readonly pools: readonly PoolLayout[];
  /** Now, in monotonic nanoseconds. */
  readonly nowNs: bigint;
  /** Who makes them. */
  readonly pid: number;
  /** Whether the memory is taken at once, so that writing cannot run out of it; by default it is. */
  readonly reserve?: boolean;
  /** Whether the memory is kept out of swap while this process maps it; by default not. */
  readonly lock?: boolean;
  /** Permissions of the files before the umask; by default 0o660. Folders let a group in where files do. */
  readonly fileMode?: number;
  /** Whether regions must lie on huge pages; by default no. */
  readonly requireHugepages?: boolean;
  /** Bytes of such a page, of which the files' sizes are multiples. */
  readonly hugepageBytes?: number;
  /** Whether files of the same epoch that are there already are taken as they are; by default no. */
  readonly reuse?: boolean;
}

/** Regions that were made, and what removes them. */
export interface CreatedRegions {
  /** Where they lie. */
  readonly ring: ShmFileUri;
  /** Where the pools lie. */
  readonly pools: readonly AnnouncedPool[];
  /** The regions, mapped for writing. */
  readonly stream: MappedStream;
  /** Removes the files' names; whoever has mapped them keeps them. */
  unlink(): void;
}

/** Returns the folder of an epoch. spec/tensor-pool.md §6 */
export function epochFolder(
  regions: Pick<NewRegions, "baseDir" | "user" | "namespace" | "streamId" | "epoch">,
): string {
  return join(namespaceFolder(regions), String(regions.streamId), String(regions.epoch));
}

/** Returns the folder beneath which the streams of a namespace lie. spec/tensor-pool.md §6 */
export function namespaceFolder(
  regions: Pick<NewRegions, "baseDir" | "user" | "namespace">,
): string {
  const { baseDir, user, namespace } = regions;
  return join(baseDir, `tensorpool-${label(user)}`, label(namespace));
}

/** Makes the files of an epoch and their superblocks. On failure nothing is left. */
export function createRegions(folders: ShmFolders, regions: NewRegions): CreatedRegions {
  const folder = epochFolder(regions);
  const { epoch, streamId, nslots, fileMode = 0o660, requireHugepages = false } = regions;
  const { lock = false } = regions;
  const paths: string[] = [];
  const create = (name: string, sizeBytes: number): ShmFile => {
    const path = join(folder, name);
    const file = folders.create(path, {
      sizeBytes: wholePages(sizeBytes, regions.hugepageBytes ?? 1),
      reserve: regions.reserve ?? true,
      reuse: regions.reuse ?? false,
      fileMode,
      folderMode: (fileMode & 0o070) === 0 ? 0o700 : 0o770,
    });
    paths.push(path);
    if (requireHugepages && file.hugePageBytes === undefined) {
      file.close();
      throw new TensorPoolError("tensor_pool.region_invalid", `${folder} has no huge pages`);
    }
    return file;
  };
  const unlink = (): void => {
    for (const path of paths) folders.unlink(path);
    removeEmptyFolders(folder, regions.baseDir);
  };
  const sign = (
    bytes: Uint8Array,
    part: Pick<ExpectedRegion, "kind" | "poolId" | "strideBytes">,
  ): void => {
    const { pid, nowNs } = regions;
    writeSuperblock(bytes, { ...part, epoch, streamId, nslots, pid, nowNs });
  };
  const superblocks: SharedRegion[] = [];
  const pools: MappedPool[] = [];
  try {
    const ringFile = create("header.ring", ringBytes(nslots));
    let ring: SharedRegion;
    try {
      ring = ringFile.map({ lock });
    } finally {
      ringFile.close();
    }
    superblocks.push(ring);
    for (const { poolId, strideBytes } of regions.pools) {
      const file = create(`${poolId}.pool`, poolBytes(nslots, strideBytes));
      try {
        const superblock = file.map({ length: SUPERBLOCK_BYTES });
        superblocks.push(superblock);
        sign(superblock.bytes, { kind: "pool", poolId, strideBytes });
        pools.push(mapPool(file, { poolId, strideBytes, nslots, lock }));
      } finally {
        file.close();
      }
    }
    sign(ring.bytes, { kind: "ring", poolId: 0, strideBytes: 0 });
    const stream = new MappedStream({ streamId, epoch, nslots, ring, pools, superblocks });
    const uri = (name: string): ShmFileUri => ({
      kind: "file",
      path: join(folder, name),
      requireHugepages,
    });
    return {
      ring: uri("header.ring"),
      pools: regions.pools.map((pool) => ({ ...pool, uri: uri(`${pool.poolId}.pool`) })),
      stream,
      unlink,
    };
  } catch (error) {
    for (const part of [...superblocks, ...pools]) part.unmap();
    unlink();
    throw error;
  }
}

/**
 * Maps what an announce names, to read unless its producer maps it; all of it or nothing. spec/tensor-pool.md §6, §7
 *
 * @throws TensorPoolError `tensor_pool.region_invalid`; NativeIoError for a path that is refused.
 */
export function mapRegions(
  folders: ShmFolders,
  layout: StreamLayout,
  access: "read" | "readWrite" = "read",
): MappedStream {
  const { streamId, epoch, nslots } = layout;
  const superblocks: SharedRegion[] = [];
  const pools: MappedPool[] = [];
  let ring: SharedRegion | undefined;
  try {
    const expected = { epoch, streamId, nslots };
    const ringFile = openRegion(folders, layout.ring, ringBytes(nslots), access);
    try {
      ring = ringFile.map();
    } finally {
      ringFile.close();
    }
    check(layout.ring, ring, { ...expected, kind: "ring", poolId: 0, strideBytes: 0 });
    for (const { poolId, strideBytes, uri } of layout.pools) {
      const file = openRegion(folders, uri, poolBytes(nslots, strideBytes), access);
      try {
        const superblock = file.map({ length: SUPERBLOCK_BYTES });
        superblocks.push(superblock);
        check(uri, superblock, { ...expected, kind: "pool", poolId, strideBytes });
        pools.push(mapPool(file, { poolId, strideBytes, nslots, lock: false }));
      } finally {
        file.close();
      }
    }
    return new MappedStream({ streamId, epoch, nslots, ring, pools, superblocks });
  } catch (error) {
    ring?.unmap();
    for (const part of [...superblocks, ...pools]) part.unmap();
    throw error;
  }
}

/** Removes a folder and those above it, up to the base and as far as nobody else has anything there. */
export function removeEmptyFolders(folder: string, baseDir: string): void {
  for (let path = folder; path.length > baseDir.length; path = dirname(path)) {
    try {
      rmdirSync(path);
    } catch {
      return;
    }
  }
}

function openRegion(
  folders: ShmFolders,
  uri: ShmFileUri,
  minBytes: number,
  access: "read" | "readWrite",
): ShmFile {
  const { path, requireHugepages } = uri;
  return folders.open(path, { access, minBytes, requireHugepages });
}

function check(uri: ShmFileUri, region: SharedRegion, expected: ExpectedRegion): void {
  const fault = superblockFault(readSuperblock(region.bytes), expected);
  if (fault !== undefined) {
    throw new TensorPoolError("tensor_pool.region_invalid", `${uri.path}: ${fault}`);
  }
}

// Slots begin behind the superblock, and no segment divides one.
function mapPool(
  file: ShmFile,
  pool: Pick<MappedPool, "poolId" | "strideBytes"> & {
    readonly nslots: number;
    readonly lock: boolean;
  },
): MappedPool {
  const { poolId, strideBytes, nslots, lock } = pool;
  const perSegment = Math.min(nslots, unitsPerSegment(strideBytes));
  const segments: SharedRegion[] = [];
  try {
    for (let first = 0; first < nslots; first += perSegment) {
      const slots = Math.min(perSegment, nslots - first);
      const offset = SUPERBLOCK_BYTES + first * strideBytes;
      segments.push(file.map({ offset, length: slots * strideBytes, lock }));
    }
  } catch (error) {
    for (const segment of segments) segment.unmap();
    throw error;
  }
  return new MappedPool(poolId, strideBytes, segments, perSegment);
}

function wholePages(bytes: number, pageBytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}

// Parts of a path that come from a configuration stay parts of a path.
function label(text: string): string {
  const safe = text.replaceAll(/[^A-Za-z0-9._-]/g, "_");
  return safe === "" || safe === "." || safe === ".." ? "_" : safe;
}
