import { setImmediate as nextTurn } from "node:timers/promises";
import { formatHex, isWireError } from "@proj/wire-types";
import type { ByteSource } from "../../hde/byte-source.js";
import { DIGEST_BYTES, digestsBetween, rootOf } from "../../hde/content-id.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { HdeJob } from "../workers/hde-job.js";
import type { HdePool } from "../workers/hde-pool.js";
import type { SourceSpec } from "../workers/source-spec.js";

/** The digests of an object's leaves, and the root over them. spec/dwcp.md B8 */
export interface LeafHashes {
  /** 32 bytes for each leaf, one behind the other. */
  readonly digests: Uint8Array;
  /** The content id, in hexadecimal. */
  readonly root: string;
}

/** What is hashed, and where. */
export interface LeafHasherOptions {
  readonly source: ByteSource;
  readonly leafBytes: number;
  readonly platform: HdePlatform;
  /** Where workers find the same bytes; without it they are hashed in this thread, with pauses for other work. */
  readonly elsewhere?: { readonly pool: HdePool; readonly spec: SourceSpec } | undefined;
}

// A few leaves at a time: other tasks of the same worker wait no longer than that.
const LEAVES_PER_TASK = 4;
const FIRST_LEAVES = 64;

/** Hashes an object leaf by leaf: those that are there, as they come, and at the end what is left. */
export class LeafHasher {
  readonly #options: LeafHasherOptions;
  readonly #job: HdeJob | undefined;
  #digests: Uint8Array = new Uint8Array(FIRST_LEAVES * DIGEST_BYTES);
  readonly #known = new Set<number>();
  #isClosed = false;

  /** Nothing is read before it is asked for. */
  constructor(options: LeafHasherOptions) {
    this.#options = options;
    const { elsewhere } = options;
    this.#job = elsewhere?.pool.openSource(elsewhere.spec);
  }

  /** Forgets a leaf, because its bytes are about to change. */
  forget(leaf: number): void {
    this.#known.delete(leaf);
  }

  /**
   * Hashes leaves from offset `from`, where one begins, up to `to`: no more than are worth one task. Returns where it ended.
   *
   * @throws DwcpError `dwcp.source_changed`; `dwcp.shutdown` where the pool was closed.
   */
  async hash(from: number, to: number): Promise<number> {
    const { leafBytes } = this.#options;
    const end = Math.min(to, from + LEAVES_PER_TASK * leafBytes);
    const digests = await this.#digest(from, end);
    const first = from / leafBytes;
    this.#place(digests, first);
    for (let i = 0; i < digests.length / DIGEST_BYTES; i++) this.#known.add(first + i);
    return end;
  }

  /** Hashes what is not hashed yet of an object of `length` bytes; `signal` ends it early. Errors as of {@link hash}. */
  async finish(length: number, signal?: AbortSignal): Promise<LeafHashes> {
    const { platform, leafBytes } = this.#options;
    for (let at = 0; at < length;) {
      signal?.throwIfAborted();
      if (this.#known.has(at / leafBytes)) at += leafBytes;
      else at = await this.hash(at, this.#unknownFrom(at, length));
    }
    const digests = this.#digests.subarray(0, Math.ceil(length / leafBytes) * DIGEST_BYTES);
    return { digests, root: formatHex(rootOf(digests, length, platform, leafBytes)) };
  }

  /** Lets go of the workers. Harmless the second time. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#job?.close();
  }

  #unknownFrom(from: number, length: number): number {
    const { leafBytes } = this.#options;
    let at = from;
    while (at < length && !this.#known.has(at / leafBytes)) at += leafBytes;
    return Math.min(at, length);
  }

  #place(digests: Uint8Array, first: number): void {
    const at = first * DIGEST_BYTES;
    if (at + digests.length > this.#digests.length) {
      const larger = new Uint8Array(2 * (at + digests.length));
      larger.set(this.#digests);
      this.#digests = larger;
    }
    this.#digests.set(digests, at);
  }

  async #digest(from: number, to: number): Promise<Uint8Array> {
    const { source, platform, leafBytes } = this.#options;
    try {
      if (this.#job !== undefined) return await this.#job.digest(from, to, leafBytes);
    } catch (error) {
      // A worker that died is no reason to fail: the bytes are here as well.
      if (!isWireError(error) || error.code !== "dwcp.decode") throw error;
    }
    await nextTurn();
    return digestsBetween(source, platform, from, to, leafBytes);
  }
}

/** Hashes a whole object; `signal` ends it early. Errors as of {@link LeafHasher.hash}. */
export async function hashLeaves(
  options: LeafHasherOptions,
  signal?: AbortSignal,
): Promise<LeafHashes> {
  const hasher = new LeafHasher(options);
  try {
    return await hasher.finish(options.source.length, signal);
  } finally {
    hasher.close();
  }
}

/** Lists `count` digests from leaf `first` on, in hexadecimal. */
export function digestTexts({ digests }: LeafHashes, first: number, count: number): string[] {
  const there = Math.max(0, Math.min(count, digests.length / DIGEST_BYTES - first));
  return Array.from({ length: there }, (_, i) => {
    const at = (first + i) * DIGEST_BYTES;
    return formatHex(digests.subarray(at, at + DIGEST_BYTES));
  });
}
