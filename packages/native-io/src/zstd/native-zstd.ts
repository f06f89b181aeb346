import { NativeIoError } from "../errors.js";
import { DENSE_MATCHES } from "./dense-matches.js";
import type { Zstd, ZstdCompressOptions } from "./zstd.js";

/** What native/zstd.cc exports. Answers below zero are negative error codes of zstd. */
export interface ZstdAddon {
  readonly version: string;
  compress(
    source: Uint8Array,
    into: Uint8Array,
    prefix: Uint8Array,
    level: number,
    windowLog: number,
    longDistance: boolean,
    farMatch: number,
    farStepLog: number,
  ): number;
  decompress(source: Uint8Array, into: Uint8Array, prefix: Uint8Array): number;
}

// zstd_errors.h
const OUTPUT_TOO_SMALL = -70;
const OUT_OF_MEMORY = -64;

// Zero stands for what zstd itself would choose.
const FAR = {
  off: [0, 0],
  on: [0, 0],
  dense: [DENSE_MATCHES.minMatchBytes, DENSE_MATCHES.hashRateLog],
} as const;

const NOTHING = new Uint8Array(0);

/** The library inside the addon. */
export class NativeZstd implements Zstd {
  readonly version: string;
  readonly #addon: ZstdAddon;

  /** `addon` is the object that native/zstd.cc fills. */
  constructor(addon: ZstdAddon) {
    this.#addon = addon;
    this.version = addon.version;
  }

  compress(
    source: Uint8Array,
    into: Uint8Array,
    { level, prefix = NOTHING, windowLog = 0, longDistance = "off" }: ZstdCompressOptions,
  ): number | undefined {
    const isFar = longDistance !== "off";
    const [match, step] = FAR[longDistance];
    const answer = this.#addon.compress(source, into, prefix, level, windowLog, isFar, match, step);
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
