import type { DictionaryBook } from "../../dictionary/dictionary-book.js";
import { SampleReservoir } from "../../dictionary/sample-reservoir.js";
import { systemRandom } from "../net/node-context.js";
import type { HdePool } from "../workers/hde-pool.js";

/** How dictionaries are trained. Names and defaults are those of spec/dwcp.md B16. */
export interface TrainerOptions {
  /** How long a dictionary serves before a newer one is tried. */
  readonly refreshMs?: number;
  /** The longest dictionary, in bytes. */
  readonly maxBytes?: number;
  /** Samples that are kept of each class. */
  readonly maxSamples?: number;
  /** Samples that a class needs to be worth it. */
  readonly minSamples?: number;
}

/** Objects above this are no samples: in units as long as theirs a dictionary gains nothing. */
export const MAX_SAMPLE_OBJECT_BYTES = 16_384;

// Each class keeps up to 16 MB of samples.
const MAX_CLASSES = 16;
const REFRESH_MS = 86_400_000;
const MAX_BYTES = 112_640;
const MAX_SAMPLES = 1_000;
const MIN_SAMPLES = 64;

interface Class {
  readonly samples: SampleReservoir;
  fresh: number;
  dueMs: number;
  isTraining: boolean;
}

/** Gathers samples of small objects by class, and has dictionaries trained of them in a worker. spec/dwcp.md B11 */
export class ClassTrainer {
  readonly #pool: HdePool;
  readonly #book: DictionaryBook;
  readonly #options: Required<TrainerOptions>;
  readonly #trained: () => void;
  readonly #classes = new Map<string, Class>();

  /** `trained` hears of every dictionary that came into the book. */
  constructor(pool: HdePool, book: DictionaryBook, options: TrainerOptions, trained: () => void) {
    this.#pool = pool;
    this.#book = book;
    this.#options = {
      refreshMs: options.refreshMs ?? REFRESH_MS,
      maxBytes: options.maxBytes ?? MAX_BYTES,
      maxSamples: options.maxSamples ?? MAX_SAMPLES,
      minSamples: options.minSamples ?? MIN_SAMPLES,
    };
    this.#trained = trained;
  }

  /** Takes an object as a sample of its class; classes beyond the sixteenth have none. */
  offer(resourceClass: string, object: Uint8Array): void {
    if (object.length === 0 || object.length > MAX_SAMPLE_OBJECT_BYTES) return;
    let known = this.#classes.get(resourceClass);
    if (known === undefined) {
      if (this.#classes.size >= MAX_CLASSES) return;
      const samples = new SampleReservoir(systemRandom, this.#options.maxSamples);
      known = { samples, fresh: 0, dueMs: 0, isTraining: false };
      this.#classes.set(resourceClass, known);
    }
    known.samples.offer(object);
    known.fresh += 1;
    const isDue = known.fresh >= this.#options.minSamples && performance.now() >= known.dueMs;
    if (isDue && !known.isTraining) void this.#train(resourceClass, known);
  }

  /** Trains every class that has samples, due or not; gives those that have a new dictionary now. */
  async trainAll(): Promise<readonly string[]> {
    const trained: string[] = [];
    for (const [resourceClass, known] of this.#classes) {
      if (known.isTraining) continue;
      if (await this.#train(resourceClass, known)) trained.push(resourceClass);
    }
    return trained;
  }

  async #train(resourceClass: string, known: Class): Promise<boolean> {
    known.isTraining = true;
    known.fresh = 0;
    try {
      const result = await this.#pool.train(known.samples.samples, this.#options.maxBytes);
      // One that was rejected is tried again with the next samples.
      if (result.kind === "rejected") return false;
      known.dueMs = performance.now() + this.#options.refreshMs;
      this.#book.add(resourceClass, result.dictionary);
      this.#trained();
      return true;
    } catch {
      // The pool was closed, or a worker died: without a dictionary everything works.
      return false;
    } finally {
      known.isTraining = false;
    }
  }
}
