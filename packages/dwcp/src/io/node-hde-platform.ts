import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import type { HdePlatform } from "../hde/hde-platform.js";
import { type Crc32, crc32 as portableCrc32 } from "../wire/crc32.js";
import type { ZstdEngine } from "../zstd/zstd-engine.js";
import { nodeCrc32 } from "./node-crc32.js";
import { chooseEngine } from "./zstd/choose-engine.js";

/** The CRC-32 of the running Node, or the portable one where it has none. */
export const nodeCrc32: Crc32 =
  "crc32" in zlib
    ? // An empty buffer that came from another thread has no address, and zlib then begins anew.
      (bytes, seed = 0) => (bytes.length === 0 ? seed : zlib.crc32(bytes, seed))
    : portableCrc32;

/** Makes the platform of this process around `engine`. */
export function nodeHdePlatformWith(engine: ZstdEngine): HdePlatform {
  return {
    zstd: engine,
    crc32: nodeCrc32,
    sha256(...parts) {
      const hash = createHash("sha256");
      for (const part of parts) hash.update(part);
      return hash.digest();
    },
    equal: (a, b) => Buffer.compare(a, b) === 0,
  };
}

let platform: Promise<HdePlatform> | undefined;

/** Gives the platform of this process, with the best engine that passes its self-test. */
export function nodeHdePlatform(): Promise<HdePlatform> {
  platform ??= chooseEngine().then(({ engine }) => nodeHdePlatformWith(engine));
  return platform;
}
