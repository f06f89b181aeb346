import type { Platform } from "@proj/xcp-framing";
import { nodePlatform } from "#src/io/node-platform.js";
import { ManualTime, SeededRandom } from "@proj/wire-types";

/** The real machine with a clock that stands still and repeatable randomness. */
export interface SimPlatform extends Platform {
  readonly time: ManualTime;
}

/** Makes a platform for one test. */
export function simPlatform(seed = 1, time: ManualTime = new ManualTime()): SimPlatform {
  return {
    ...nodePlatform,
    crc32c: (bytes) => nodePlatform.crc32c(bytes),
    random: new SeededRandom(seed),
    time,
  };
}
