import type { CodecNumber } from "../wire/codec.js";
import { NetworkWriter } from "../wire/network-writer.js";
import type { ZstdEngine } from "../zstd/zstd-engine.js";
import { packLists } from "./lists.js";
import type { Literals } from "./literals.js";
import { type ByteRange, writeRanges } from "./ranges.js";

/** A unit's encoding without its place: what candidates are compared by. */
export interface EncodedBody {
  readonly codec: CodecNumber;
  readonly codecFlags: number;
  readonly baselineSlot: number;
  readonly dictionarySlot: number;
  readonly encoded: Uint8Array;
}

/** Lays out operations, ranges, inner codec and literals as PAGES and COPYLIT have them. spec/dwcp.md B5 */
export function joinParts(
  ops: Uint8Array,
  ranges: readonly ByteRange[],
  rawOffset: number,
  literals: Literals,
  zstd: ZstdEngine,
): { readonly encoded: Uint8Array; readonly codecFlags: number } {
  const lists = new NetworkWriter(ops.length + 16).varint(ops.length).bytes(ops);
  writeRanges(lists, ranges, rawOffset);
  const { bytes, flags } = packLists(lists.view(), zstd);
  const writer = new NetworkWriter(bytes.length + 1 + literals.bytes.length);
  writer.bytes(bytes).u8(literals.codec).bytes(literals.bytes);
  return { encoded: writer.view(), codecFlags: flags };
}

/** The shorter of two candidates; the first of equals. */
export function shorter<T extends { readonly encoded: Uint8Array }>(a: T, b: T | undefined): T {
  return b !== undefined && b.encoded.length < a.encoded.length ? b : a;
}
