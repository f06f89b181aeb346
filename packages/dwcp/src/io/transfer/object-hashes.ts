import type { DwcpError } from "../../errors.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { HdePool } from "../workers/hde-pool.js";
import { ArrivingLeaves } from "./arriving-leaves.js";
import { LeafHasher, type LeafHashes } from "./leaf-hasher.js";
import type { SendSource } from "./send-source.js";
import type { Verification } from "./verification.js";

/** What hears of an object that grows while it is sent. */
export interface GrowthListener {
  /** So many bytes are there now. */
  readonly grown: (length: number) => void;
  /** That was all. */
  readonly ended: () => void;
  readonly failed: (error: DwcpError) => void;
}

/** What objects are hashed by. */
export interface HashingContext {
  readonly leafBytes: number;
  readonly platform: HdePlatform;
  readonly pool: HdePool;
  readonly verification: Verification;
}

/** Hashes the object that is sent: at once, as it grows, or when its digests are asked for. */
export class ObjectHashes {
  readonly #object: SendSource;
  readonly #leaves: ArrivingLeaves;
  readonly #stop = new AbortController();
  // Resolves when all bytes are there.
  readonly #there: Promise<void>;
  #unsubscribe: () => void = () => undefined;
  #whole: Promise<LeafHashes> | undefined;

  /** `listener` hears nothing where the length is known. */
  constructor(object: SendSource, context: HashingContext, listener: GrowthListener) {
    const { source, spec } = object;
    const { leafBytes, platform, pool, verification } = context;
    const hasher = new LeafHasher({ source, leafBytes, platform, elsewhere: { pool, spec } });
    const arrived = { firstGap: () => source.length };
    this.#object = object;
    this.#leaves = new ArrivingLeaves(hasher, leafBytes, arrived, verification);
    this.#there = object.spool === undefined ? Promise.resolve() : this.#grow(listener);
    // Whoever needs them awaits them; a job that ended early does not.
    this.#there.catch(() => undefined);
    if (verification === "beside") this.whole().catch(() => undefined);
  }

  /** All digests, once all bytes are there; rejects where they cannot be read. */
  whole(): Promise<LeafHashes> {
    this.#whole ??= this.#finish();
    return this.#whole;
  }

  /** Hashes no more. Harmless the second time. */
  close(): void {
    this.#stop.abort();
    this.#unsubscribe();
    this.#leaves.close();
  }

  async #finish(): Promise<LeafHashes> {
    try {
      await this.#there;
      return await this.#leaves.finish(this.#object.source.length, this.#stop.signal);
    } finally {
      this.#leaves.close();
    }
  }

  #grow(listener: GrowthListener): Promise<void> {
    return new Promise((resolve, reject) => {
      let noted = 0;
      this.#unsubscribe =
        this.#object.spool?.subscribe({
          grown: (length) => {
            this.#leaves.note(noted, length);
            noted = length;
            listener.grown(length);
          },
          ended: () => {
            resolve();
            listener.ended();
          },
          failed: (error) => {
            reject(error);
            listener.failed(error);
          },
        }) ?? this.#unsubscribe;
    });
  }
}
