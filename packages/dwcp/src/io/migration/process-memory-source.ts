import { type FileHandle, open, readFile } from "node:fs/promises";
import { systemTime } from "@proj/wire-types/system";
import { DwcpError } from "../../errors.js";
import { DutyCycle } from "../../migration/duty-cycle.js";
import type { MigrationSource } from "../../migration/migration-source.js";
import {
  isOwnMemory,
  parseMappings,
  type ProcessMapping,
} from "../../migration/process-mapping.js";
import { PageComparison } from "./page-comparison.js";
import { type PagedPart, placeParts, readAcross } from "./paged-parts.js";
import { ProcessSwitch } from "./process-switch.js";

/** What of a process is moved. */
export interface ProcessMemoryOptions {
  /** Chooses among its mappings; those that it writes to, without devices, when absent. */
  readonly mappings?: (mapping: ProcessMapping) => boolean;
}

/** A mapping of the process. */
interface Region extends PagedPart {
  readonly start: number;
}

const PAGE_BYTES = 4_096;

/**
 * The memory of a process of this host, for tests of migrations: bytes of real programs, which change while they run.
 *
 * Mappings are those of the moment in which it was opened. Every round reads them all and compares: Linux can tell which pages
 * were written (soft-dirty bits), but is commonly built without it. Pausing stops the process by a signal.
 *
 * @see spec/dwcp.md B15
 */
export class ProcessMemorySource implements MigrationSource {
  /** 4096. */
  readonly pageBytes: number = PAGE_BYTES;
  /** Those of all mappings, one behind the other. */
  readonly pageCount: number;
  readonly #memory: FileHandle;
  readonly #pages: PageComparison;
  readonly #running: DutyCycle;

  private constructor(memory: FileHandle, regions: readonly Region[], signals: ProcessSwitch) {
    this.#memory = memory;
    this.pageCount = regions.reduce((sum, { length }) => sum + length / PAGE_BYTES, 0);
    const { pageBytes, pageCount } = this;
    const readRegion = (into: Uint8Array, { start }: Region, at: number) =>
      this.#readAll(into, start + at);
    const read = (into: Uint8Array, first: number) =>
      readAcross(regions, pageBytes, into, first, readRegion);
    this.#pages = new PageComparison({ pageBytes, pageCount, read });
    this.#running = new DutyCycle(signals, systemTime);
  }

  /** Opens the memory of a process; the caller closes it. @throws DwcpError `dwcp.unsupported` with what is missing */
  static async open(pid: number, options: ProcessMemoryOptions = {}): Promise<ProcessMemorySource> {
    if (process.platform !== "linux") {
      throw new DwcpError("dwcp.unsupported", "memory of processes is read on Linux only");
    }
    let memory: FileHandle | undefined;
    try {
      const signals = await ProcessSwitch.of(pid);
      const mappings = parseMappings(await readFile(`/proc/${pid}/maps`, "utf8"));
      memory = await open(`/proc/${pid}/mem`, "r");
      const chosen = mappings.filter(options.mappings ?? isOwnMemory);
      const regions = placeParts(chosen, PAGE_BYTES);
      return new ProcessMemorySource(memory, regions, signals);
    } catch (cause) {
      await memory?.close();
      const { code } = cause as NodeJS.ErrnoException;
      throw new DwcpError("dwcp.unsupported", lackOf(pid, code), { cause });
    }
  }

  /** Reads pages, and notes what they hold. @throws DwcpError `dwcp.source_changed` when they are no longer mapped */
  readPages(pages: readonly number[]): Promise<Uint8Array> {
    return this.#pages.readPages(pages);
  }

  /** Compares every page with what was copied of it last. */
  dirtySince(): Promise<Uint8Array> {
    return this.#pages.changedPages();
  }

  /** Stops the process, all its threads. @throws DwcpError `dwcp.source_changed` when it is gone */
  pause(): Promise<void> {
    return this.#running.pause();
  }

  /** Lets it run again. @throws DwcpError `dwcp.source_changed` when it is gone */
  resume(): Promise<void> {
    return this.#running.resume();
  }

  /** Leaves it a share of its speed. */
  throttle(share: number): Promise<void> {
    return this.#running.throttle(share);
  }

  /** Closes the memory; the process stays as it is. */
  async close(): Promise<void> {
    this.#running.close();
    await this.#memory.close();
  }

  // The kernel gives less than asked for where it likes.
  async #readAll(into: Uint8Array, address: number): Promise<void> {
    let done = 0;
    while (done < into.length) {
      const got = await this.#memory
        .read(into, done, into.length - done, address + done)
        .catch((cause: unknown) => goneAt(address + done, cause));
      if (got.bytesRead === 0) goneAt(address + done, undefined);
      done += got.bytesRead;
    }
  }
}

function goneAt(address: number, cause: unknown): never {
  const message = `there is no memory at 0x${address.toString(16)} any more`;
  throw new DwcpError("dwcp.source_changed", message, { cause });
}

function lackOf(pid: number, code: string | undefined): string {
  if (code === "ENOENT" || code === "ESRCH") return `there is no process ${pid}, or no /proc`;
  if (code === "EACCES" || code === "EPERM") {
    return `the memory of process ${pid} needs its user's rights, and kernel.yama.ptrace_scope may ask for CAP_SYS_PTRACE`;
  }
  return `the memory of process ${pid} cannot be read (${String(code)})`;
}
