import type { Zstd } from "@proj/native-io";
import { levelFor } from "../../zstd/prefix-level.js";
import { windowLogFor } from "../../zstd/window.js";
import type { ZstdEngine } from "../../zstd/zstd-engine.js";
import { searchOf } from "./zstd-search.js";

/** The engine of the native addon: every parameter, no copy of the prefix. */
export function nativeEngine(zstd: Zstd): ZstdEngine {
  let scratch = new Uint8Array(0);
  return {
    name: `native ${zstd.version}`,
    canSearchDeep: true,
    compress(source, { level: wanted, prefix, longDistance = "off", search }) {
      const level = levelFor(wanted, prefix?.length ?? 0);
      const bound = compressedBound(source.length);
      if (scratch.length < bound) scratch = new Uint8Array(bound);
      const windowLog = windowLogFor(source.length, prefix?.length ?? 0);
      const told = searchOf(search, level);
      const options = { level, windowLog, longDistance, ...(told && { search: told }) };
      const size = zstd.compress(
        source,
        scratch,
        prefix === undefined ? options : { ...options, prefix },
      );
      if (size === undefined) throw new RangeError(`${source.length} bytes do not fit ${bound}`);
      return scratch.slice(0, size);
    },
    decompressInto(frame, into, prefix) {
      const size = zstd.decompress(frame, into, prefix);
      return size < 0 ? undefined : size;
    },
  };
}

// What a frame takes at most: the content, a block header per 128 KiB, and the frame's own.
function compressedBound(bytes: number): number {
  return bytes + Math.ceil(bytes / 128) + 512;
}
