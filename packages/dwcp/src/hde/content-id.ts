import { encodeUtf8, formatHex } from "@proj/wire-types";
import { NetworkWriter } from "../wire/network-writer.js";
import type { ByteSource } from "./byte-source.js";
import type { HdePlatform } from "./hde-platform.js";

/** Bytes of a leaf. spec/dwcp.md B8 */
export const LEAF_BYTES = 1_048_576;
/** Bytes of a leaf's digest. spec/dwcp.md B8 */
export const DIGEST_BYTES = 32;

const LABEL = encodeUtf8("DWCP1");

/** Gives the digests of the leaves of `source`, one behind the other. spec/dwcp.md B8 */
export function leafDigests(
  source: ByteSource,
  platform: Pick<HdePlatform, "sha256">,
  leafBytes: number = LEAF_BYTES,
): Uint8Array<ArrayBuffer> {
  return digestsBetween(source, platform, 0, source.length, leafBytes);
}

/** Gives the digests of the leaves of `source` that lie between `from`, where one begins, and `to`. spec/dwcp.md B8 */
export function digestsBetween(
  source: ByteSource,
  platform: Pick<HdePlatform, "sha256">,
  from: number,
  to: number,
  leafBytes: number,
): Uint8Array<ArrayBuffer> {
  const digests = new Uint8Array(Math.ceil((to - from) / leafBytes) * DIGEST_BYTES);
  const read = leafReader(source, Math.min(leafBytes, to - from));
  for (let at = from, place = 0; at < to; at += leafBytes, place += DIGEST_BYTES) {
    digests.set(platform.sha256(read(at, Math.min(leafBytes, to - at))), place);
  }
  return digests;
}

// Each leaf is looked at once: all of them may lie in the same memory.
function leafReader(source: ByteSource, mostBytes: number): ByteSource["read"] {
  if (source.readInto === undefined) return (at, length) => source.read(at, length);
  const memory = new Uint8Array(mostBytes);
  return (at, length) => {
    const leaf = memory.subarray(0, length);
    source.readInto?.(at, leaf);
    return leaf;
  };
}

/** Makes the root over an object's length, leaf size and leaf digests. spec/dwcp.md B8 */
export function rootOf(
  digests: Uint8Array,
  rawLength: number,
  platform: Pick<HdePlatform, "sha256">,
  leafBytes: number = LEAF_BYTES,
): Uint8Array {
  const sizes = new NetworkWriter().u64(rawLength).u32(leafBytes).view();
  return platform.sha256(LABEL, sizes, digests);
}

/** Gives the content id of `source` in hexadecimal: what names a baseline. spec/dwcp.md B4, B8 */
export function contentIdOf(source: ByteSource, platform: Pick<HdePlatform, "sha256">): string {
  return formatHex(rootOf(leafDigests(source, platform), source.length, platform));
}
