import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import { Codec } from "../wire/codec.js";
import { decompressFrame } from "../zstd/frame-check.js";
import type { ZstdEngine } from "../zstd/zstd-engine.js";
import type { WorkMemory } from "./work-memory.js";

/** Literals inside PAGES and COPYLIT: which codec they have, and their bytes. */
export interface Literals {
  readonly codec: number;
  readonly bytes: Uint8Array;
}

/** What literals are decoded with. */
export interface LiteralsContext {
  readonly zstd: ZstdEngine;
  readonly limits: Pick<DwcpLimits, "maxWindowLog">;
  /** Where they may be put. */
  readonly memory: WorkMemory;
  /** What the range list of the unit names; asked for by PREFIX_ZSTD only. */
  readonly prefix: () => Uint8Array;
  /** Same-offset baseline bytes of the literals; asked for by XOR_ZSTD only. */
  readonly base?: () => Uint8Array;
}

/**
 * Undoes the inner codec of a unit's literals. They are a view into `bytes` or in `memory`.
 *
 * @throws {@link DwcpError} `dwcp.decode`.
 * @see spec/dwcp.md B5
 */
export function decodeLiterals(
  { codec, bytes }: Literals,
  rawBytes: number,
  { zstd, limits, memory, prefix, base }: LiteralsContext,
): Uint8Array {
  if (codec === Codec.RAW && bytes.length === rawBytes) return bytes;
  // No frame is needed to say nothing.
  if (rawBytes === 0 && bytes.length === 0) return bytes;
  const decompress = (before?: Uint8Array) =>
    decompressFrame(zstd, bytes, rawBytes, limits, before, (length) => memory.take(length));
  if (codec === Codec.ZSTD) return decompress();
  if (codec === Codec.PREFIX_ZSTD) return decompress(prefix());
  if (codec === Codec.XOR_ZSTD && base !== undefined) return xorInto(decompress(), base());
  throw new DwcpError("dwcp.decode", `${bytes.length} bytes of literals by inner codec ${codec}`);
}

/** XORs `base` into the start of `bytes`, and returns `bytes`; what `base` lacks counts as 0. spec/dwcp.md B5 */
export function xorInto(bytes: Uint8Array, base: Uint8Array): Uint8Array {
  const length = Math.min(bytes.length, base.length);
  let at = 0;
  if (bytes.byteOffset % 4 === 0 && base.byteOffset % 4 === 0) {
    const words = Math.floor(length / 4);
    const into = new Int32Array(bytes.buffer, bytes.byteOffset, words);
    const from = new Int32Array(base.buffer, base.byteOffset, words);
    for (let word = 0; word < words; word++) into[word] = (into[word] ?? 0) ^ (from[word] ?? 0);
    at = words * 4;
  }
  for (; at < length; at++) bytes[at] = (bytes[at] ?? 0) ^ (base[at] ?? 0);
  return bytes;
}
