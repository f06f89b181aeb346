import type { SharedRegion } from "@proj/wire-types";
import type { Capability } from "../capability.js";

/** Memory that processes of one machine share, by the names of files. spec/tensor-pool.md §6, §25 */
export interface SharedMemory {
  /** Reports what of this feature the machine lends. */
  capabilities(): readonly Capability[];
  /**
   * Allows the folders beneath which files may be mapped, and nothing outside them.
   *
   * Each is resolved once, here: what its path names later does not matter.
   *
   * @param folders Absolute paths of existing folders, such as `/dev/shm` or a mounted hugetlbfs.
   * @throws {@link NativeIoError} `native_io.system`.
   */
  allow(folders: readonly string[], policy?: ShmPolicy): ShmFolders;
  /**
   * Copies `length` bytes, where one side is a mapping whose file another process may truncate.
   *
   * Plain access to such bytes ends the process. What was copied before the fault stays copied.
   *
   * @throws {@link NativeIoError} `native_io.fault` when a part of the memory is gone.
   * @throws RangeError when the bytes do not lie inside both arrays.
   */
  copy(copied: ShmCopy): void;
  /**
   * Orders every access before it against every access after it, in this thread as others see it.
   *
   * Plain reads between two `Atomics.load` of a sequence need one on processors that reorder them. May be called without this
   * object. spec/aeron.md §12
   */
  readonly fence: () => void;
}

/** Which bytes go where. */
export interface ShmCopy {
  /** Where they go. */
  readonly target: Uint8Array;
  /** First byte written. */
  readonly targetOffset: number;
  /** Where they come from. */
  readonly source: Uint8Array;
  /** First byte read. */
  readonly sourceOffset: number;
  /** Number of bytes. */
  readonly length: number;
}

/** Whose files are mapped. */
export interface ShmPolicy {
  /** User ids that a file may belong to; by default this process's own and root's, `"any"` for no check. */
  readonly owners?: "any" | readonly number[];
  /** Whether files may be mapped that every user of the machine can read or write; by default no. */
  readonly allowOthers?: boolean;
}

/** Folders that were allowed, held open. */
export interface ShmFolders {
  /** The allowed folders as they were resolved. */
  readonly paths: readonly string[];
  /**
   * Opens an existing file after every check of spec/tensor-pool.md §6.
   *
   * @throws {@link NativeIoError} `native_io.shm_refused` with the failed check in `details.check`;
   *   `native_io.system`.
   */
  open(path: string, options: ShmOpenOptions): ShmFile;
  /**
   * Creates a file for reading and writing, and the folders it lacks. On failure nothing of the file is left.
   *
   * @throws {@link NativeIoError} `native_io.shm_refused`, `native_io.no_space`, `native_io.system` (`EEXIST` where it
   *   is there and may not be reused).
   */
  create(path: string, options: ShmCreateOptions): ShmFile;
  /**
   * Removes a file's name; its mappings live on.
   *
   * @returns Whether it was there.
   */
  unlink(path: string): boolean;
  /** Lets the folders go; harmless the second time. Files opened through them stay open. */
  close(): void;
}

/** How a file is opened. */
export interface ShmOpenOptions {
  /** A reader cannot map for writing. */
  readonly access: "read" | "readWrite";
  /** Bytes the file must at least have; by default 1. */
  readonly minBytes?: number;
  /** Whether it must lie on a huge-page file system; by default no. */
  readonly requireHugepages?: boolean;
}

/** How a file is created. */
export interface ShmCreateOptions {
  /** Its size in bytes; on a huge-page file system a multiple of the page. */
  readonly sizeBytes: number;
  /** Permissions before the umask; by default 0o660. */
  readonly fileMode?: number;
  /** Permissions of folders made on the way, before the umask; by default 0o700. */
  readonly folderMode?: number;
  /** Whether a file of the same size that passes every check is taken as it is; by default no. */
  readonly reuse?: boolean;
  /** Whether its space is taken from the medium at once, so that writing cannot run out of it; by default yes. */
  readonly reserve?: boolean;
}

/** An open file whose descriptor passed the checks. */
export interface ShmFile {
  /** The path it was resolved to. */
  readonly path: string;
  /** Its size when it was opened, in bytes. */
  readonly sizeBytes: number;
  /** Whether it may be mapped for writing. */
  readonly writable: boolean;
  /** Bytes of one huge page where it lies on such a file system. */
  readonly hugePageBytes?: number;
  /**
   * Maps a part of the file, or all of it.
   *
   * A new `ArrayBuffer`, not shared in the sense of JavaScript, whose first byte is the first of the part: `Atomics`
   * works on it across processes, except `wait` and `notify` (see {@link Futex}). It cannot be posted to a worker:
   * each thread maps for itself.
   *
   * @throws {@link NativeIoError} `native_io.system`, `native_io.closed`; `native_io.shm_refused` when the file has
   *   become shorter; `native_io.unsupported` for `lock` on the portable backend.
   * @throws RangeError for a part outside the file or longer than {@link MAX_MAPPING_BYTES}.
   */
  map(options?: ShmMapOptions): SharedRegion;
  /**
   * Maps the whole file in as few pieces as its size allows, none of which divides a unit.
   *
   * Piece `i` begins at byte `i * unitsPerSegment(unitBytes) * unitBytes`. On failure nothing stays mapped.
   *
   * @param unitBytes The stride of what the file holds, such as a pool's slot; a multiple of 64.
   */
  mapSegments(unitBytes: number, options?: ShmSegmentOptions): readonly SharedRegion[];
  /** Closes the descriptor; mappings live on. Harmless the second time. */
  close(): void;
}

/** How all of a file is mapped. */
export interface ShmSegmentOptions {
  /** Whether to map without the right to write; by default as the file was opened. */
  readonly readOnly?: boolean;
  /** Whether to touch every page now; for the creator only, since it makes a sparse file whole. By default no. */
  readonly prefault?: boolean;
  /**
   * Whether its pages stay in memory while it is mapped, and are never swapped out; by default no. Memory that cannot be
   * locked is not mapped either.
   */
  readonly lock?: boolean;
}

/** Which part of a file is mapped, and how. */
export interface ShmMapOptions extends ShmSegmentOptions {
  /** First byte; a multiple of 64. By default 0. */
  readonly offset?: number;
  /** Number of bytes; by default all that follow. */
  readonly length?: number;
}
