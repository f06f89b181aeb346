import type { SharedRegion } from "@proj/wire-types";
import { errnoName, NativeIoError, systemError } from "../errors.js";
import { refusedLock } from "./locking.js";
import { NativeRegion } from "./native-region.js";
import { checkMapping } from "./sizes.js";
import { mapInSegments } from "./segments.js";
import type { ShmFile, ShmMapOptions, ShmSegmentOptions } from "./shared-memory.js";
import type { ShmAddon, ShmHandle } from "./shm-addon.js";
import { type FileFacts, refused } from "./shm-checks.js";

/** A descriptor of the addon that passed the checks. */
export class NativeFile implements ShmFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly writable: boolean;
  declare readonly hugePageBytes?: number;
  readonly #addon: ShmAddon;
  #handle: ShmHandle | undefined;

  constructor(
    addon: ShmAddon,
    handle: ShmHandle,
    path: string,
    facts: FileFacts,
    access: "read" | "readWrite",
  ) {
    this.#addon = addon;
    this.#handle = handle;
    this.path = path;
    this.sizeBytes = facts.size;
    this.writable = access === "readWrite";
    if (facts.hugePages) this.hugePageBytes = facts.pageBytes;
  }

  map(options: ShmMapOptions = {}): SharedRegion {
    const { offset = 0, readOnly = !this.writable, prefault = false, lock = false } = options;
    checkMapping(this, options);
    const length = options.length ?? this.sizeBytes - offset;
    if (this.#handle === undefined) throw new NativeIoError("native_io.closed", "file is closed");
    const mapped = this.#addon.map(this.#handle, offset, length, !readOnly, prefault);
    if (typeof mapped !== "number") {
      const access = readOnly ? "read" : "readWrite";
      const region = new NativeRegion(this.#addon, this.path, mapped, access);
      if (lock) this.#lock(region, mapped);
      return region;
    }
    if (errnoName(mapped) === "ERANGE") throw refused("size", "the file has become shorter");
    throw systemError("mmap", mapped);
  }

  mapSegments(unitBytes: number, options: ShmSegmentOptions = {}): readonly SharedRegion[] {
    return mapInSegments(this, unitBytes, options);
  }

  #lock(region: NativeRegion, buffer: ArrayBuffer): void {
    const answer = this.#addon.lock(buffer);
    if (answer === 0) return;
    region.unmap();
    const most = this.#addon.lockable();
    throw refusedLock(errnoName(answer), region.size, most < 0 ? 0 : most);
  }

  close(): void {
    if (this.#handle !== undefined) this.#addon.close(this.#handle);
    this.#handle = undefined;
  }
}
