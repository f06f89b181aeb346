import type { DwcpError } from "../../errors.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { HdePool } from "../workers/hde-pool.js";
import { ArrivingLeaves } from "./arriving-leaves.js";
import { LeafHasher, type LeafHashes } from "./leaf-hasher.js";
import type { SendSource } from "./send-source.js";

/** What hears of an object that grows while it is sent. */
export interface GrowthListener {
  /** So many bytes are there now. */
  readonly grown: (length: number) => void;
  /** That was all. */
  readonly ended: () => void;
  readonly failed: (error: DwcpError) => void;
}

/** Hashes the object that is sent: at once, or as it grows. */
export class ObjectHashes {
  /** All digests, once all bytes are there; rejects where they cannot be read. */
  readonly whole: Promise<LeafHashes>;
  readonly #leaves: ArrivingLeaves;
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void = () => undefined;

  /** `listener` hears nothing where the length is known. */
  constructor(
    object: SendSource,
    context: { leafBytes: number; platform: HdePlatform; pool: HdePool },
    listener: GrowthListener,
  ) {
    const { source, spec, spool } = object;
    const { leafBytes, platform, pool } = context;
    const hasher = new LeafHasher({ source, leafBytes, platform, elsewhere: { pool, spec } });
    const { signal } = this.#stop;
    const leaves = new ArrivingLeaves(hasher, leafBytes, { firstGap: () => source.length });
    this.#leaves = leaves;
    if (spool === undefined) this.whole = leaves.finish(source.length, signal);
    else {
      const { promise, resolve, reject } = promiseOf<LeafHashes>();
      this.whole = promise;
      let noted = 0;
      this.#unsubscribe = spool.subscribe({
        grown: (length) => {
          leaves.note(noted, length);
          noted = length;
          listener.grown(length);
        },
        ended: () => {
          resolve(leaves.finish(source.length, signal));
          listener.ended();
        },
        failed: (error) => {
          reject(error);
          listener.failed(error);
        },
      });
    }
    // Whoever needs them awaits them; a job that ended early does not.
    this.whole.then(
      () => leaves.close(),
      () => leaves.close(),
    );
  }

  /** Hashes no more. */
  close(): void {
    this.#stop.abort();
    this.#unsubscribe();
    this.#leaves.close();
  }
}

function promiseOf<T>(): {
  promise: Promise<T>;
  resolve: (value: T | Promise<T>) => void;
  reject: (error: DwcpError) => void;
} {
  let resolve: (value: T | Promise<T>) => void = () => undefined;
  let reject: (error: DwcpError) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
