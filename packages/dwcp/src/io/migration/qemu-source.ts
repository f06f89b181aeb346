import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemTime } from "@proj/wire-types/system";
import { DwcpError } from "../../errors.js";
import { DutyCycle } from "../../migration/duty-cycle.js";
import type { MigrationSource } from "../../migration/migration-source.js";
import { PageComparison } from "./page-comparison.js";
import { type PagedPart, placeParts, readAcross } from "./paged-parts.js";
import { physicalMemoryOf, type PhysicalRange } from "./physical-memory.js";
import { QemuSwitch } from "./qemu-switch.js";
import type { QmpMonitor } from "./qmp-monitor.js";

/** Where a machine's memory is, and where copies of it find room. */
export interface QemuSourceOptions {
  /** Where the machine's memory lies in its physical addresses; asked of the machine when absent, where that can be told. */
  readonly ranges?: readonly PhysicalRange[];
  /** Where the saved memory finds room; the system's folder for such things when absent. QEMU writes there. */
  readonly folder?: string;
}

/** A part of the memory, which is saved to a file of its own, and where its pages come among all. */
type Part = PhysicalRange & PagedPart;

const PAGE_BYTES = 4_096;
/** The machine's devices stand still while QEMU saves a part: what takes it about a tenth of a second. */
const PART_BYTES = 268_435_456;

/**
 * The memory of a QEMU machine, through its monitor.
 *
 * Each time it is asked what was written, QEMU saves the memory to files of a folder that only this user can enter (`pmemsave`);
 * they are compared with what was copied before, and the dirty pages are read from them. Slowing down is by `stop` and `cont` in
 * turns. What is moved is the memory: the state of processors and devices travels in QEMU's own migration stream.
 *
 * @see spec/dwcp.md B15
 */
export class QemuSource implements MigrationSource {
  /** 4096. */
  readonly pageBytes: number = PAGE_BYTES;
  /** Those of all ranges, one behind the other. */
  readonly pageCount: number;
  readonly #monitor: QmpMonitor;
  readonly #folder: string;
  readonly #parts: readonly Part[];
  readonly #files = new Map<Part, FileHandle>();
  readonly #pages: PageComparison;
  readonly #running: DutyCycle;

  private constructor(monitor: QmpMonitor, folder: string, parts: readonly Part[]) {
    this.#monitor = monitor;
    this.#folder = folder;
    this.#parts = parts;
    this.pageCount = parts.reduce((sum, { length }) => sum + length / PAGE_BYTES, 0);
    const { pageBytes, pageCount } = this;
    const readPart = (into: Uint8Array, part: Part, at: number) => this.#readPart(into, part, at);
    const read = (into: Uint8Array, first: number) =>
      readAcross(parts, pageBytes, into, first, readPart);
    this.#pages = new PageComparison({ pageBytes, pageCount, read });
    this.#running = new DutyCycle(new QemuSwitch(monitor), systemTime);
  }

  /**
   * Takes the memory of a machine. The caller closes this, and the monitor after it.
   *
   * @throws DwcpError `dwcp.unsupported` where QEMU cannot save it there, or cannot tell where it is; what
   * {@link QmpMonitor.execute} does
   */
  static async open(monitor: QmpMonitor, options: QemuSourceOptions = {}): Promise<QemuSource> {
    const parts = partsOf(options.ranges ?? (await physicalMemoryOf(monitor)));
    const folder = await mkdtemp(join(options.folder ?? tmpdir(), "dwcp-qemu-"));
    const source = new QemuSource(monitor, folder, parts);
    try {
      await source.#save();
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** Reads pages as they were saved last, and notes what they hold. */
  readPages(pages: readonly number[]): Promise<Uint8Array> {
    return this.#pages.readPages(pages);
  }

  /** Has QEMU save the memory, and compares every page with what was copied of it last. */
  async dirtySince(): Promise<Uint8Array> {
    await this.#save();
    return await this.#pages.changedPages();
  }

  /** Stops the machine. */
  pause(): Promise<void> {
    return this.#running.pause();
  }

  /** Lets the machine run again. */
  resume(): Promise<void> {
    return this.#running.resume();
  }

  /** Leaves the machine a share of its speed. */
  throttle(share: number): Promise<void> {
    return this.#running.throttle(share);
  }

  /** Removes what was saved. */
  async close(): Promise<void> {
    this.#running.close();
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #save(): Promise<void> {
    for (const [i, part] of this.#parts.entries()) {
      const { start, length } = part;
      const path = join(this.#folder, String(i));
      await this.#monitor.execute("pmemsave", { val: start, size: length, filename: path });
      // QEMU writes into the same file each time.
      if (!this.#files.has(part)) this.#files.set(part, await open(path, "r"));
    }
  }

  async #readPart(into: Uint8Array, part: Part, at: number): Promise<void> {
    const got = await this.#files.get(part)?.read(into, 0, into.length, at);
    if (got?.bytesRead === into.length) return;
    const message = `a file of ${part.length} bytes is not what QEMU saved`;
    throw new DwcpError("dwcp.source_changed", message);
  }
}

function partsOf(ranges: readonly PhysicalRange[]): readonly Part[] {
  const parts: PhysicalRange[] = [];
  for (const { start, length } of ranges) {
    if (start < 0 || length <= 0 || length % PAGE_BYTES !== 0) {
      throw new RangeError(`${length} bytes at ${start} are no pages of ${PAGE_BYTES}`);
    }
    for (let at = 0; at < length; at += PART_BYTES) {
      parts.push({ start: start + at, length: Math.min(PART_BYTES, length - at) });
    }
  }
  return placeParts(parts, PAGE_BYTES);
}
