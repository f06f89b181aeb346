import { backend } from "@proj/native-io";
import { createHash } from "node:crypto";
import type { AnchorEngine } from "../hde/anchor-engine.js";
import type { HdePlatform } from "../hde/hde-platform.js";
import { portableAnchors } from "../hde/portable-anchors.js";
import type { ZstdEngine } from "../zstd/zstd-engine.js";
import { nativeAnchors } from "./native-anchors.js";
import { nodeCrc32 } from "./node-crc32.js";
import { zlibBrotli } from "./zlib-brotli.js";
import { chooseEngine } from "./zstd/choose-engine.js";

const chosenAnchors =
  backend.anchors === undefined ? portableAnchors : nativeAnchors(backend.anchors);

/** Makes the platform of this process around `engine`; anchors are found by the native addon where there is one. */
export function nodeHdePlatformWith(
  engine: ZstdEngine,
  anchors: AnchorEngine = chosenAnchors,
): HdePlatform {
  return {
    zstd: engine,
    brotli: zlibBrotli,
    anchors,
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
