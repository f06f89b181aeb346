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
  const leaves = Math.ceil(source.length / leafBytes);
  const digests = new Uint8Array(leaves * DIGEST_BYTES);
  for (let leaf = 0; leaf < leaves; leaf++) {
    const at = leaf * leafBytes;
    const bytes = source.read(at, Math.min(leafBytes, source.length - at));
    digests.set(platform.sha256(bytes), leaf * DIGEST_BYTES);
  }
  return digests;
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
