import { createHash } from "node:crypto";
import type { HdePlatform } from "../hde/hde-platform.js";
import type { ZstdEngine } from "../zstd/zstd-engine.js";
import { nodeCrc32 } from "./node-crc32.js";
import { chooseEngine } from "./zstd/choose-engine.js";

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
