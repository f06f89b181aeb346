import type { SharedRegion } from "@proj/wire-types";
import { NativeIoError, refusedBySystem } from "../errors.js";
import { mapInSegments } from "./segments.js";
import type {
  ShmCreateOptions,
  ShmFile,
  ShmFolders,
  ShmMapOptions,
  ShmOpenOptions,
  ShmSegmentOptions,
} from "./shared-memory.js";
import { refused } from "./shm-checks.js";
import { locate } from "./shm-path.js";
import { checkMapping, checkSize } from "./sizes.js";

/** Folders that exist by their names alone. */
export class PortableFolders implements ShmFolders {
  readonly paths: readonly string[];
  readonly #files: Map<string, SharedArrayBuffer>;
  #open = true;

  constructor(files: Map<string, SharedArrayBuffer>, folders: readonly string[]) {
    for (const folder of folders) {
      if (!folder.startsWith("/")) throw refused("absolute", "an allowed folder is not absolute");
    }
    this.#files = files;
    this.paths = folders;
  }

  open(path: string, options: ShmOpenOptions): ShmFile {
    const { access, minBytes = 1, requireHugepages = false } = options;
    const name = this.#name(path);
    const memory = this.#files.get(name);
    if (memory === undefined) throw refusedBySystem("open", "ENOENT");
    if (requireHugepages) throw refused("hugepages", "not on a huge-page file system");
    if (memory.byteLength < minBytes) {
      throw refused("size", `${memory.byteLength} bytes, ${minBytes} needed`);
    }
    return new PortableFile(name, memory, access);
  }

  create(path: string, { sizeBytes, reuse = false }: ShmCreateOptions): ShmFile {
    checkSize(sizeBytes);
    const name = this.#name(path);
    const there = this.#files.get(name);
    if (there === undefined) {
      const memory = allocate(sizeBytes);
      this.#files.set(name, memory);
      return new PortableFile(name, memory, "readWrite");
    }
    if (!reuse) throw refusedBySystem("create", "EEXIST");
    if (there.byteLength !== sizeBytes) {
      throw refused("size", `${there.byteLength} bytes, ${sizeBytes} expected`);
    }
    return new PortableFile(name, there, "readWrite");
  }

  unlink(path: string): boolean {
    return this.#files.delete(this.#name(path));
  }

  close(): void {
    this.#open = false;
  }

  #name(path: string): string {
    if (!this.#open) throw new NativeIoError("native_io.closed", "folders are closed");
    const { folder, relative } = locate(path, this.paths);
    const base = this.paths[folder] ?? "";
    return base.endsWith("/") ? `${base}${relative}` : `${base}/${relative}`;
  }
}

class PortableFile implements ShmFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly writable: boolean;
  #memory: SharedArrayBuffer | undefined;

  constructor(path: string, memory: SharedArrayBuffer, access: "read" | "readWrite") {
    this.path = path;
    this.sizeBytes = memory.byteLength;
    this.writable = access === "readWrite";
    this.#memory = memory;
  }

  map(options: ShmMapOptions = {}): SharedRegion {
    const { offset = 0, readOnly = !this.writable } = options;
    checkMapping(this, options);
    if (options.lock === true) {
      const message = "the portable backend cannot lock memory";
      throw new NativeIoError("native_io.unsupported", message);
    }
    if (this.#memory === undefined) throw new NativeIoError("native_io.closed", "file is closed");
    const bytes = new Uint8Array(this.#memory, offset, options.length ?? this.sizeBytes - offset);
    return new PortableRegion(this.path, bytes, readOnly ? "read" : "readWrite");
  }

  mapSegments(unitBytes: number, options: ShmSegmentOptions = {}): readonly SharedRegion[] {
    return mapInSegments(this, unitBytes, options);
  }

  close(): void {
    this.#memory = undefined;
  }
}

class PortableRegion implements SharedRegion {
  readonly name: string;
  readonly size: number;
  readonly readOnly: boolean;
  bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array, access: "read" | "readWrite") {
    this.name = name;
    this.size = bytes.length;
    this.readOnly = access === "read";
    this.bytes = bytes;
  }

  unmap(): void {
    this.bytes = new Uint8Array();
  }
}

function allocate(sizeBytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(sizeBytes);
  } catch (thrown) {
    throw new NativeIoError("native_io.no_space", `no ${sizeBytes} bytes in this process`, {
      cause: thrown,
    });
  }
}
