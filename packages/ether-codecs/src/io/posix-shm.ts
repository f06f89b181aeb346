import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { parseShmUri, type ShmObjectUri } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import { nodeErrorCode } from "./node-error.js";
import { objectName, SHM_PREFIX } from "./shm-name.js";

/** Where Linux keeps POSIX shared memory as files. */
const SHM_FOLDER = "/dev/shm";

const OTHERS_MAY_WRITE = 0o022;

/** How {@link PosixShm} finds objects. */
export interface PosixShmOptions {
  /** The folder that is the POSIX shm namespace; default `/dev/shm`. */
  readonly folder?: string;
  /** Whose objects are trusted; default the user of this process. */
  readonly ownerUid?: number;
}

/** What to read of an object. */
export interface ShmReadOptions {
  /** The size to expect where the URI has no range; absent = the whole object. */
  readonly sizeBytes?: number | undefined;
  /** More than this is refused before it is allocated. */
  readonly maxBytes: number;
}

/** An object in the folder, as a sweep sees it. */
export interface ShmEntry {
  /** Name in the folder. */
  readonly object: string;
  /** Size in bytes. */
  readonly bytes: number;
  /** When its content was last written, ms since 1970. */
  readonly writtenMs: number;
}

/**
 * Creates, reads and unlinks POSIX shared-memory objects `xcp.<ns>.<name>` as files.
 *
 * Content is copied in and out with plain reads and writes: an object that shrinks meanwhile is an error, not a signal.
 *
 * @see spec/xcp.md §16.1, §16.3
 */
export class PosixShm {
  readonly #folder: string;
  readonly #ownerUid: number;
  readonly #created = new Set<string>();

  /**
   * Checks that the folder is there.
   *
   * @throws EtherError `ether.shm_unavailable` on a system without one, saying so.
   */
  constructor(options: PosixShmOptions = {}) {
    this.#folder = options.folder ?? SHM_FOLDER;
    const ownUid = process.getuid?.();
    if (ownUid === undefined || !isFolder(this.#folder)) {
      throw unavailable(`this system (${process.platform}) has no ${this.#folder}`);
    }
    this.#ownerUid = options.ownerUid ?? ownUid;
  }

  /** Tells whether the default folder is there. */
  static isAvailable(): boolean {
    return process.getuid !== undefined && isFolder(SHM_FOLDER);
  }

  /**
   * Creates an object that must not exist yet, mode 0600, and writes `bytes`.
   *
   * @throws EtherError `ether.shm_unavailable`, with nothing left behind.
   */
  create(uri: ShmObjectUri, bytes: Uint8Array): void {
    const path = this.#path(uri);
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | constants.O_NOFOLLOW;
    const file = attempt("create", () => openSync(path, flags, 0o600));
    this.#created.add(objectName(uri));
    try {
      attempt("fill", () => {
        ftruncateSync(file, bytes.length);
        for (let at = 0; at < bytes.length;) {
          at += writeSync(file, bytes, at, bytes.length - at, at);
        }
      });
    } catch (thrown) {
      this.unlink(uri);
      throw thrown;
    } finally {
      closeSync(file);
    }
  }

  /**
   * Copies an object, or the range a URI names, into memory of its own.
   *
   * The object must be a regular file, not a link, of the trusted user and not writable by others, and as long as the range
   * says until the copy is complete.
   *
   * @throws EtherError `ether.shm_unavailable`; `ether.attachment_invalid` for a URI that is none, or a size that is not its
   * range's; `ether.too_large` above `maxBytes`.
   */
  read(uri: string, options: ShmReadOptions): Uint8Array {
    const parsed = objectUri(uri);
    // Opening a FIFO that someone put there must not wait for its writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = attempt("open", () => openSync(this.#path(parsed), flags));
    try {
      const stats = fstatSync(file);
      this.#checkTrust(stats);
      const { offset, size } = rangeOf(parsed, stats.size, options);
      return readExactly(file, offset, size);
    } finally {
      closeSync(file);
    }
  }

  /** Unlinks an object; `false` when it was gone. @throws EtherError `ether.shm_unavailable` */
  unlink(uri: ShmObjectUri): boolean {
    return this.unlinkObject(objectName(uri));
  }

  /** Unlinks an object by its name in the folder, if it begins with `xcp.`. @throws EtherError `ether.shm_unavailable` */
  unlinkObject(object: string): boolean {
    if (!object.startsWith(SHM_PREFIX) || object.includes("/")) return false;
    this.#created.delete(object);
    try {
      unlinkSync(join(this.#folder, object));
      return true;
    } catch (cause) {
      if (errorCode(cause) === "ENOENT") return false;
      throw unavailable(`an object cannot be unlinked: ${errorCode(cause)}`, cause);
    }
  }

  /**
   * Unlinks every object that was created here and is still there: for a process that ends, whatever ends it.
   *
   * @throws EtherError `ether.shm_unavailable`
   */
  unlinkCreated(): void {
    for (const object of this.#created) this.unlinkObject(object);
  }

  /** Lists the objects that begin with `xcp.` and belong to the trusted user; links and other files are left out. */
  entries(): readonly ShmEntry[] {
    const objects = attempt("list", () => readdirSync(this.#folder)).filter((object) =>
      object.startsWith(SHM_PREFIX),
    );
    return objects.flatMap((object) => {
      // Objects come and go while the folder is read.
      const stats = lstatSync(join(this.#folder, object), { throwIfNoEntry: false });
      if (stats === undefined || !stats.isFile() || stats.uid !== this.#ownerUid) return [];
      return [{ object, bytes: stats.size, writtenMs: stats.mtimeMs }];
    });
  }

  #path(uri: ShmObjectUri): string {
    return join(this.#folder, objectName(uri));
  }

  #checkTrust(stats: Stats): void {
    if (!stats.isFile()) throw unavailable("an object is no regular file");
    if (stats.uid !== this.#ownerUid) throw unavailable(`an object belongs to user ${stats.uid}`);
    if ((stats.mode & OTHERS_MAY_WRITE) !== 0) throw unavailable("others may write to an object");
  }
}

/**
 * Parses the URI of an object.
 *
 * @throws EtherError `ether.attachment_invalid` for anything else, `file:` and memory-mapped files among it.
 * @see spec/xcp.md §16.1
 */
function objectUri(text: string): ShmObjectUri {
  try {
    const uri = parseShmUri(text);
    if (uri.kind === "object") return uri;
  } catch (cause) {
    throw new EtherError("ether.attachment_invalid", "no shm://<ns>/<name> URI", { cause });
  }
  throw new EtherError("ether.attachment_invalid", "a memory-mapped file is no attachment");
}

function rangeOf(
  uri: ShmObjectUri,
  available: number,
  { sizeBytes, maxBytes }: ShmReadOptions,
): { readonly offset: number; readonly size: number } {
  const { offset, size } = uri.range ?? { offset: 0, size: sizeBytes ?? available };
  if (sizeBytes !== undefined && sizeBytes !== size) {
    throw new EtherError("ether.attachment_invalid", `${size} bytes named, ${sizeBytes} announced`);
  }
  if (size > maxBytes) {
    throw new EtherError("ether.too_large", `object of ${size} bytes, limit ${maxBytes}`);
  }
  if (offset > available || size > available - offset) {
    throw unavailable(`${size} bytes at ${offset} of an object of ${available} bytes`);
  }
  return { offset, size };
}

function readExactly(file: number, offset: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const read = attempt("read", () => readSync(file, bytes, at, size - at, offset + at));
    if (read === 0) throw unavailable(`an object shrank to ${offset + at} bytes`);
    at += read;
  }
  return bytes;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw unavailable(`cannot ${what} an object: ${errorCode(cause)}`, cause);
  }
}

function errorCode(thrown: unknown): string {
  return nodeErrorCode(thrown) ?? "unknown";
}

function unavailable(what: string, cause?: unknown): EtherError {
  const options = cause === undefined ? {} : { cause };
  return new EtherError("ether.shm_unavailable", `shared memory: ${what}`, options);
}
