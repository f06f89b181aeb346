import { createHash, randomBytes } from "node:crypto";
import type { MigrationSource } from "@proj/dwcp";

/** Memory that is written to until it is paused, and knows which of its pages were: what a machine's monitor gives. */
export class BusyMemory implements MigrationSource {
  readonly pageBytes = 4_096;
  readonly pageCount: number;
  readonly bytes: Buffer;
  readonly log: string[] = [];
  readonly #writesPerTurn: number;
  #dirty: Uint8Array;
  #share = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor(pageCount: number, writesPerTurn: number) {
    this.pageCount = pageCount;
    this.bytes = randomBytes(pageCount * this.pageBytes);
    this.#dirty = this.#none();
    this.#writesPerTurn = writesPerTurn;
    this.#run();
  }

  /** SHA-256 of what it holds. */
  get sha256(): string {
    return createHash("sha256").update(this.bytes).digest("hex");
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  readPages(pages: readonly number[]): Uint8Array {
    const { pageBytes } = this;
    return Buffer.concat(
      pages.map((page) => this.bytes.subarray(page * pageBytes, (page + 1) * pageBytes)),
    );
  }

  dirtySince(): Uint8Array {
    const dirty = this.#dirty;
    this.#dirty = this.#none();
    return dirty;
  }

  pause(): void {
    this.log.push("pause");
    this.stop();
  }

  resume(): void {
    this.log.push("resume");
    this.#run();
  }

  throttle(share: number): void {
    this.log.push(`throttle ${share}`);
    this.#share = share;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = setInterval(() => {
      for (let i = 0; i < this.#writesPerTurn * this.#share; i++) {
        const page = Math.floor(Math.random() * this.pageCount);
        randomBytes(64).copy(this.bytes, page * this.pageBytes + 512);
        this.#dirty[page >> 3] = (this.#dirty[page >> 3] ?? 0) | (1 << (page & 7));
      }
    }, 5);
  }

  #none(): Uint8Array {
    return new Uint8Array(Math.ceil(this.pageCount / 8));
  }
}
