import { encodeUtf8 } from "./utf8.js";

/** FNV-1a, 32 bits, over the UTF-8 bytes of `text`. spec/xcp.md §2 */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encodeUtf8(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** FNV-1a, 64 bits, over the UTF-8 bytes of `text`. spec/xcp.md §2 */
export function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of encodeUtf8(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash;
}
