import { DENSE_MATCHES, type ZstdSearch } from "@proj/native-io";
import * as zlib from "node:zlib";
import { levelFor } from "../../zstd/prefix-level.js";
import { windowLogFor } from "../../zstd/window.js";
import type { ZstdEngine } from "../../zstd/zstd-engine.js";
import { plainPrefix } from "./plain-prefix.js";
import { searchOf } from "./zstd-search.js";

// Since Node 22.15, with dictionaries since 22.19 and 24.6; the type definitions are those of the oldest Node supported.
interface NodeZstd {
  zstdCompressSync(bytes: Uint8Array, options: object): Buffer;
  zstdDecompressSync(bytes: Uint8Array, options: object): Buffer;
  readonly constants: Readonly<Record<string, number>>;
}

/** The engine of the running Node, or `undefined` where it has none. Whether its dictionaries count, the self-test tells. */
export function zlibEngine(): ZstdEngine | undefined {
  if (!("zstdCompressSync" in zlib)) return undefined;
  const { zstdCompressSync, zstdDecompressSync, constants } = zlib as unknown as NodeZstd;
  const LEVEL = constants["ZSTD_c_compressionLevel"] ?? 0;
  const WINDOW = constants["ZSTD_c_windowLog"] ?? 0;
  const FAR = constants["ZSTD_c_enableLongDistanceMatching"] ?? 0;
  const FAR_MATCH = constants["ZSTD_c_ldmMinMatch"] ?? 0;
  const FAR_STEP = constants["ZSTD_c_ldmHashRateLog"] ?? 0;
  const dense = {
    [FAR]: 1,
    [FAR_MATCH]: DENSE_MATCHES.minMatchBytes,
    [FAR_STEP]: DENSE_MATCHES.hashRateLog,
  };
  return {
    name: `node:zlib ${process.versions["zstd"] ?? ""}`.trimEnd(),
    canSearchDeep: true,
    compress(source, { level: wanted, prefix, longDistance, search }) {
      const level = levelFor(wanted, prefix?.length ?? 0);
      const params = {
        [LEVEL]: level,
        [WINDOW]: windowLogFor(source.length, prefix?.length ?? 0),
        ...(longDistance === "dense" ? dense : {}),
        ...paramsOf(searchOf(search, level), constants),
      };
      const options = { params, pledgedSrcSize: source.length, ...dictionaryOf(prefix) };
      return zstdCompressSync(source, options);
    },
    decompressInto(frame, into, prefix) {
      const options = { maxOutputLength: Math.max(1, into.length), ...dictionaryOf(prefix) };
      try {
        const bytes = zstdDecompressSync(frame, options);
        into.set(bytes);
        return bytes.length;
      } catch {
        return undefined;
      }
    },
  };
}

function dictionaryOf(prefix: Uint8Array | undefined): { dictionary?: Uint8Array } {
  return prefix === undefined || prefix.length === 0 ? {} : { dictionary: plainPrefix(prefix) };
}

// Node has no parameter for rows.
function paramsOf(
  search: ZstdSearch = {},
  constants: NodeZstd["constants"],
): Record<string, number> {
  const named = {
    ZSTD_c_strategy: search.strategy,
    ZSTD_c_hashLog: search.hashLog,
    ZSTD_c_chainLog: search.chainLog,
    ZSTD_c_searchLog: search.searchLog,
    ZSTD_c_minMatch: search.minMatchBytes,
  };
  const params: Record<string, number> = {};
  for (const [name, value] of Object.entries(named)) {
    const parameter = constants[name];
    if (value !== undefined && parameter !== undefined) params[parameter] = value;
  }
  return params;
}
