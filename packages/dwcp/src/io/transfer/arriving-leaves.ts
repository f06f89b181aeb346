import type { LeafHasher, LeafHashes } from "./leaf-hasher.js";
import type { Verification } from "./verification.js";

/** Which bytes there are. */
export interface ArrivedBytes {
  /** The first byte at or after `position` that is missing. */
  firstGap(position: number): number;
}

/**
 * Hashes the leaves of an object while it comes into being, each once all of it is there: at the end little is left. Or it waits
 * until it is told that nothing else is going on.
 *
 * @see spec/dwcp.md B8
 */
export class ArrivingLeaves {
  readonly #hasher: LeafHasher;
  readonly #leafBytes: number;
  readonly #arrived: ArrivedBytes;
  readonly #ready: number[] = [];
  readonly #queued = new Set<number>();
  #busy: Promise<void> | undefined;
  #isClosed = false;
  #isWaiting: boolean;

  /** `after` hashes nothing before {@link release} or {@link finish}. */
  constructor(
    hasher: LeafHasher,
    leafBytes: number,
    arrived: ArrivedBytes,
    verification: Verification,
  ) {
    this.#isWaiting = verification === "after";
    this.#hasher = hasher;
    this.#leafBytes = leafBytes;
    this.#arrived = arrived;
  }

  /** Bytes were written: leaves that they complete are hashed soon. A last, shorter one waits for {@link finish}. */
  note(start: number, end: number): void {
    const leafBytes = this.#leafBytes;
    for (let at = start - (start % leafBytes); at < end; at += leafBytes) {
      const leaf = at / leafBytes;
      if (this.#queued.has(leaf) || this.#arrived.firstGap(at) < at + leafBytes) continue;
      this.#queued.add(leaf);
      this.#ready.push(leaf);
    }
    if (!this.#isWaiting && this.#ready.length > 0) this.#busy ??= this.#work();
  }

  /** From now on leaves are hashed as they come, and first those that waited. Harmless the second time. */
  release(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    // A file is read fastest in its own order.
    this.#ready.sort((a, b) => a - b);
    if (this.#ready.length > 0) this.#busy ??= this.#work();
  }

  /** Leaves will be written again. */
  forget(leaves: readonly number[]): void {
    for (const leaf of leaves) {
      this.#queued.delete(leaf);
      this.#hasher.forget(leaf);
    }
  }

  /**
   * Hashes the rest of an object of `length` bytes.
   *
   * @throws DwcpError what {@link LeafHasher.finish} does.
   */
  async finish(length: number, signal?: AbortSignal): Promise<LeafHashes> {
    this.release();
    await this.#busy;
    return await this.#hasher.finish(length, signal);
  }

  /** Lets go of the workers. Harmless the second time. */
  close(): void {
    this.#isClosed = true;
    this.#hasher.close();
  }

  async #work(): Promise<void> {
    const leafBytes = this.#leafBytes;
    try {
      for (let first = this.#ready.shift(); first !== undefined; first = this.#ready.shift()) {
        if (this.#isClosed) break;
        let next = first + 1;
        for (; this.#ready[0] === next; next++) this.#ready.shift();
        for (let at = first * leafBytes; at < next * leafBytes;) {
          at = await this.#hasher.hash(at, next * leafBytes);
        }
      }
    } catch {
      // What could not be hashed now is hashed at the end, where trouble is told.
    }
    this.#busy = undefined;
  }
}
