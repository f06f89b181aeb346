import { realpathSync } from "node:fs";
import { errnoName, NativeIoError, refusedBySystem, systemError } from "../errors.js";
import { NativeFile } from "./native-file.js";
import type {
  ShmCreateOptions,
  ShmFile,
  ShmFolders,
  ShmOpenOptions,
  ShmPolicy,
} from "./shared-memory.js";
import type { ShmAddon, ShmHandle } from "./shm-addon.js";
import { checkFile, type FileDemands, type FileFacts, openError, refused } from "./shm-checks.js";
import { checkSize } from "./sizes.js";
import { locate, type PathBeneath } from "./shm-path.js";

/** Allowed folders, held open by the addon. */
export class NativeFolders implements ShmFolders {
  readonly paths: readonly string[];
  readonly #addon: ShmAddon;
  readonly #policy: ShmPolicy;
  readonly #self: number;
  // As the caller named them; where a link led then is where it leads for us from now on.
  readonly #named: readonly string[];
  #handles: readonly ShmHandle[] = [];

  constructor(addon: ShmAddon, folders: readonly string[], policy: ShmPolicy) {
    this.#addon = addon;
    this.#policy = policy;
    this.#self = process.geteuid?.() ?? 0;
    this.#named = folders;
    this.paths = folders.map((folder) => {
      if (!folder.startsWith("/")) throw refused("absolute", "an allowed folder is not absolute");
      return resolved(folder);
    });
    for (const path of this.paths) {
      const handle = addon.openFolder(path);
      if (typeof handle === "number") {
        this.close();
        throw systemError("open folder", handle);
      }
      this.#handles = [...this.#handles, handle];
    }
  }

  open(path: string, options: ShmOpenOptions): ShmFile {
    const { access, minBytes = 1, requireHugepages = false } = options;
    this.#checkOpen();
    let canonical: string;
    try {
      canonical = resolved(path);
    } catch (thrown) {
      // Whether a file exists outside is nobody's business.
      this.#locate(path);
      throw thrown;
    }
    const beneath = locate(canonical, this.paths);
    return this.#open(beneath, access, { minBytes, requireHugepages });
  }

  create(path: string, options: ShmCreateOptions): ShmFile {
    const { sizeBytes, fileMode = 0o660, folderMode = 0o700 } = options;
    checkSize(sizeBytes);
    this.#checkOpen();
    const beneath = this.#locate(path);
    const folder = this.#handle(beneath);
    const created = this.#addon.create(folder, beneath.relative, fileMode, folderMode);
    if (typeof created === "number") {
      if (options.reuse !== true || errnoName(created) !== "EEXIST") {
        throw openError("create", created);
      }
      const demands = { minBytes: 1, exactBytes: sizeBytes, requireHugepages: false };
      return this.#open(beneath, "readWrite", demands);
    }
    const answer = this.#addon.resize(created, sizeBytes, options.reserve ?? true);
    if (answer < 0) {
      this.#addon.unlink(folder, beneath.relative);
      this.#addon.close(created);
      throw systemError("reserve", answer);
    }
    return this.#file(created, beneath, "readWrite");
  }

  unlink(path: string): boolean {
    this.#checkOpen();
    const beneath = this.#locate(path);
    const answer = this.#addon.unlink(this.#handle(beneath), beneath.relative);
    if (answer === 0) return true;
    if (errnoName(answer) === "ENOENT") return false;
    throw openError("unlink", answer);
  }

  close(): void {
    for (const handle of this.#handles) this.#addon.close(handle);
    this.#handles = [];
  }

  #open(beneath: PathBeneath, access: "read" | "readWrite", demands: FileDemands): ShmFile {
    const folder = this.#handle(beneath);
    const handle = this.#addon.open(folder, beneath.relative, access === "readWrite");
    if (typeof handle === "number") throw openError("open", handle);
    try {
      checkFile(this.#facts(handle), demands, this.#policy, this.#self);
    } catch (thrown) {
      this.#addon.close(handle);
      throw thrown;
    }
    return this.#file(handle, beneath, access);
  }

  #file(handle: ShmHandle, beneath: PathBeneath, access: "read" | "readWrite"): ShmFile {
    const base = this.paths[beneath.folder] ?? "";
    const path = `${base === "/" ? "" : base}/${beneath.relative}`;
    return new NativeFile(this.#addon, handle, path, this.#facts(handle), access);
  }

  #facts(handle: ShmHandle): FileFacts {
    const facts = this.#addon.facts(handle);
    if (typeof facts === "number") throw systemError("fstat", facts);
    const [size, mode, owner, pageBytes, hugePages] = facts;
    return { size, mode, owner, pageBytes, hugePages: hugePages === 1 };
  }

  /** Where `path` lies by its letters; links in it are refused when it is opened. */
  #locate(path: string): PathBeneath {
    const { folder, relative } = locate(path, [...this.paths, ...this.#named]);
    return { folder: folder % this.paths.length, relative };
  }

  #handle(beneath: PathBeneath): ShmHandle {
    const handle = this.#handles[beneath.folder];
    if (handle === undefined) throw new NativeIoError("native_io.closed", "folders are closed");
    return handle;
  }

  #checkOpen(): void {
    if (this.#handles.length === 0) {
      throw new NativeIoError("native_io.closed", "folders are closed");
    }
  }
}

/** The path without links; the error keeps the errno and leaves the path out. */
function resolved(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (thrown) {
    throw refusedBySystem("realpath", (thrown as NodeJS.ErrnoException).code ?? "unknown");
  }
}
