import { type BaselineLimits } from "../../baseline/baseline-limits.js";
import { BaselineStore } from "../../baseline/baseline-store.js";
import type { ByteSource } from "../../hde/byte-source.js";
import { LEAF_BYTES } from "../../hde/content-id.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import { BaselineFiles } from "../baseline-files.js";
import { nowUs } from "../net/node-context.js";
import { hashLeaves } from "./leaf-hasher.js";
import type { HdePool } from "../workers/hde-pool.js";
import { openSendSource, type SendSource } from "./send-source.js";

/** A kept state that a transfer uses: it stays until it is closed. */
export interface KeptState extends SendSource {
  /** Its content id, in hexadecimal, which its bytes were held against. */
  readonly id: string;
}

/** A kept state, for people to look at. */
export interface KeptStateInfo {
  /** Its content id, in hexadecimal. */
  readonly id: string;
  /** What the object is called. */
  readonly key: string;
  /** Rises with every state of the object. */
  readonly generation: number;
  /** In bytes. */
  readonly length: number;
  /** How many deltas lead to it from a state that went whole: 1 for one that went whole itself. */
  readonly chainLength: number;
  /** Whether a transfer is being sent against it. */
  readonly isInUse: boolean;
}

/** A state that a peer has committed. */
export interface SentState {
  readonly peer: string;
  readonly key: string;
  readonly generation: number;
  /** Its content id, in hexadecimal. */
  readonly id: string;
  /** The kept state that it was sent against. */
  readonly baseId: string | undefined;
}

/**
 * Keeps the states that peers have committed, so that the next ones can be sent against them without anybody naming them.
 *
 * They lie in a folder as files named by content id, within limits of number, bytes, age and length of chains.
 *
 * @see spec/dwcp.md B12
 */
export class SentStates {
  readonly #files: BaselineFiles;
  readonly #store: BaselineStore;
  readonly #platform: HdePlatform;
  readonly #pool: HdePool;
  readonly #verified = new Set<string>();

  private constructor(
    files: BaselineFiles,
    platform: HdePlatform,
    pool: HdePool,
    limits: Partial<BaselineLimits> | undefined,
  ) {
    this.#files = files;
    this.#pool = pool;
    this.#platform = platform;
    this.#store = new BaselineStore({ nowUs, wallMs: () => Date.now() }, limits, ({ id }) => {
      this.#verified.delete(id);
      // A file that stays is removed, or found again, by the next process.
      void files.remove(id).catch(() => undefined);
    });
  }

  /** Opens the folder, or makes it, with what earlier processes kept in it. */
  static async open(
    folder: string,
    platform: HdePlatform,
    pool: HdePool,
    limits?: Partial<BaselineLimits>,
  ): Promise<SentStates> {
    const files = await BaselineFiles.open(folder, platform);
    const states = new SentStates(files, platform, pool, limits);
    const found = await files.list();
    for (const { id, key, generation, baseId, length } of found.toSorted(
      (a, b) => a.generation - b.generation,
    )) {
      states.#store.add({ id, key, generation, baseId, place: "disk", source: placeOf(length) });
    }
    return states;
  }

  /** Whether a state is kept. */
  has(id: string): boolean {
    return this.#store.query([id]).present.length > 0;
  }

  /** Opens what the next state of `key` may be sent against: `undefined` means whole. */
  async openFor(peer: string, key: string, signal?: AbortSignal): Promise<KeptState | undefined> {
    const found = this.#store.usableFor(peer, key) ?? this.#store.newestOf(key);
    const pin = found === undefined ? undefined : this.#store.pin(found.id);
    if (pin === undefined) return undefined;
    const { id, length } = pin.baseline;
    try {
      const opened = openSendSource(this.#files.pathOf(id));
      const close = () => {
        opened.close();
        pin.release();
      };
      if (opened.source.length === length && (await this.#isSound(id, opened, signal))) {
        return { ...opened, id, close };
      }
      opened.close();
    } catch (error) {
      pin.release();
      if (signal?.aborted === true) throw error;
    }
    // Somebody changed the file, or took it away: it is no baseline.
    pin.release();
    this.#store.drop(id);
    return undefined;
  }

  /** Keeps a state that a peer has committed; `check` throws when the bytes are no longer what was sent. */
  async keep(state: SentState, source: ByteSource, check: () => void): Promise<void> {
    const { id, peer, key, generation, baseId } = state;
    if (!this.has(id)) {
      await this.#files.write(id, source, { key, generation, baseId });
      try {
        check();
      } catch {
        await this.#files.remove(id);
        return;
      }
      const fresh = { id, key, generation, baseId, place: "disk" } as const;
      this.#store.add({ ...fresh, source: placeOf(source.length) });
    }
    this.#store.remember(peer, key, id);
  }

  /** A peer no longer has these states. */
  forgetAt(peer: string, ids: readonly string[]): void {
    this.#store.forgetAt(peer, ids);
  }

  /** Lists what is kept. */
  list(): readonly KeptStateInfo[] {
    return this.#store.list().map(({ id, key, generation, length, chainLength, pins }) => ({
      id,
      key,
      generation,
      length,
      chainLength,
      isInUse: pins > 0,
    }));
  }

  /** Removes what is too old or too much; gives the content ids of what went. */
  prune(): readonly string[] {
    return this.#store.prune().map(({ id }) => id);
  }

  // Once in a process: whoever changes files in this folder afterwards is found out by the hash of the whole.
  async #isSound(id: string, opened: SendSource, signal?: AbortSignal): Promise<boolean> {
    if (this.#verified.has(id)) return true;
    const { root } = await hashLeaves(
      {
        source: opened.source,
        leafBytes: LEAF_BYTES,
        platform: this.#platform,
        elsewhere: { pool: this.#pool, spec: opened.spec },
      },
      signal,
    );
    if (root === id) this.#verified.add(id);
    return root === id;
  }
}

// The store counts bytes; they are read through the file.
function placeOf(length: number): ByteSource {
  return {
    length,
    read: () => {
      throw new TypeError("kept states are read through their files");
    },
  };
}
