import { NativeIoError } from "../errors.js";
import { DENSE_MATCHES } from "./dense-matches.js";
import type { Zstd, ZstdCompressOptions, ZstdSearch } from "./zstd.js";

/** What native/zstd.cc exports. Answers below zero are negative error codes of zstd. */
export interface ZstdAddon {
  readonly version: string;
  /** `numbers` has a value for each parameter of native/zstd.cc. */
  compress(source: Uint8Array, into: Uint8Array, prefix: Uint8Array, numbers: Int32Array): number;
  decompress(source: Uint8Array, into: Uint8Array, prefix: Uint8Array): number;
}

// zstd_errors.h
const OUTPUT_TOO_SMALL = -70;
const OUT_OF_MEMORY = -64;

// Zero stands for what zstd itself would choose; of a choice, 1 is yes and 2 is no.
const FAR = {
  off: [2, 0, 0],
  on: [1, 0, 0],
  dense: [1, DENSE_MATCHES.minMatchBytes, DENSE_MATCHES.hashRateLog],
} as const;
const ROWS = { on: 1, off: 2 } as const;
const PARAMETERS = 11;

const NOTHING = new Uint8Array(0);

/** The library inside the addon. */
export class NativeZstd implements Zstd {
  readonly version: string;
  readonly #addon: ZstdAddon;
  readonly #numbers = new Int32Array(PARAMETERS);

  /** `addon` is the object that native/zstd.cc fills. */
  constructor(addon: ZstdAddon) {
    this.#addon = addon;
    this.version = addon.version;
  }

  compress(
    source: Uint8Array,
    into: Uint8Array,
    { level, prefix = NOTHING, windowLog = 0, longDistance = "off", search }: ZstdCompressOptions,
  ): number | undefined {
    this.#numbers.set([level, windowLog, ...FAR[longDistance], ...numbersOf(search)]);
    const answer = this.#addon.compress(source, into, prefix, this.#numbers);
    if (answer >= 0) return answer;
    if (answer === OUTPUT_TOO_SMALL) return undefined;
    if (answer === OUT_OF_MEMORY) {
      throw new NativeIoError("native_io.no_space", "no memory to compress with");
    }
    throw new RangeError(`zstd refuses level ${level} with window ${windowLog}: ${-answer}`);
  }

  decompress(source: Uint8Array, into: Uint8Array, prefix: Uint8Array = NOTHING): number {
    return this.#addon.decompress(source, into, prefix);
  }
}

function numbersOf(search: ZstdSearch = {}): readonly number[] {
  const { strategy = 0, hashLog = 0, chainLog = 0, searchLog = 0, minMatchBytes = 0 } = search;
  const rows = search.rows === undefined ? 0 : ROWS[search.rows];
  return [strategy, hashLog, chainLog, searchLog, minMatchBytes, rows];
}
