import type { DType } from "@proj/wire-types";

/**
 * First bytes of a value that is not bare text: none of them can start UTF-8 text. spec/xcp.md §14.2
 */
export const ValueTag = {
  /** Nothing follows. */
  NULL: 0x80,
  /** Nothing follows. */
  FALSE: 0x81,
  /** Nothing follows. */
  TRUE: 0x82,
  /** Zigzag LEB128 of an i64. */
  INTEGER: 0x83,
  /** Eight bytes. */
  F64: 0x84,
  /** Raw. */
  BYTES: 0x85,
  /** UTF-8 JSON. */
  JSON: 0x86,
  /** (LEB128 length, value)*. */
  LIST: 0x87,
  /** (LEB128 key length, key, LEB128 value length, value)*. */
  MAP: 0x88,
  /** The attachment's id. */
  ATTACHMENT_REF: 0x89,
  /** LEB128 of 2^63..2^64-1. */
  UNSIGNED: 0x8a,
  /** First of the twelve vector tags, see `vectorTypes`. */
  VECTOR: 0x90,
  /** A 32-byte tensor header and its data. §14.3 */
  TENSOR: 0x9f,
} as const;

/** Element types of the tags from 0x90 on, in their order. spec/xcp.md §14.2 */
const vectorTypes: readonly DType[] = [
  "float32",
  "float64",
  "float16",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "bool",
];

/** The tag of a vector of `dtype`. */
export function vectorTag(dtype: DType): number {
  return ValueTag.VECTOR + vectorTypes.indexOf(dtype);
}

/** The element type behind a vector tag; `undefined` for any other byte. */
export function vectorType(tag: number): DType | undefined {
  return vectorTypes[tag - ValueTag.VECTOR];
}
