import { setImmediate as nextTurn } from "node:timers/promises";
import { formatHex } from "@proj/wire-types";
import type { ByteSource } from "../../hde/byte-source.js";
import { DIGEST_BYTES, rootOf } from "../../hde/content-id.js";
import type { HdePlatform } from "../../hde/hde-platform.js";

/** The digests of an object's leaves, and the root over them. spec/dwcp.md B8 */
export interface LeafHashes {
  /** 32 bytes for each leaf, one behind the other. */
  readonly digests: Uint8Array;
  /** The content id, in hexadecimal. */
  readonly root: string;
}

/** Hashes an object leaf by leaf and lets other work run in between; `signal` ends it early. */
export async function hashLeaves(
  source: ByteSource,
  leafBytes: number,
  platform: HdePlatform,
  signal?: AbortSignal,
): Promise<LeafHashes> {
  const digests = new Uint8Array(Math.ceil(source.length / leafBytes) * DIGEST_BYTES);
  for (let offset = 0, leaf = 0; offset < source.length; offset += leafBytes, leaf++) {
    signal?.throwIfAborted();
    const bytes = source.read(offset, Math.min(leafBytes, source.length - offset));
    digests.set(platform.sha256(bytes), leaf * DIGEST_BYTES);
    await nextTurn();
  }
  return { digests, root: formatHex(rootOf(digests, source.length, platform, leafBytes)) };
}

/** Lists `count` digests from leaf `first` on, in hexadecimal. */
export function digestTexts({ digests }: LeafHashes, first: number, count: number): string[] {
  const there = Math.max(0, Math.min(count, digests.length / DIGEST_BYTES - first));
  return Array.from({ length: there }, (_, i) => {
    const at = (first + i) * DIGEST_BYTES;
    return formatHex(digests.subarray(at, at + DIGEST_BYTES));
  });
}
