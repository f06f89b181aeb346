import { leb128Size, zigzag } from "@proj/wire-types";
import { invalidValue } from "./invalid-value.js";
import type { ProtoWriter } from "./proto-writer.js";
import { ValueTag } from "./value-tag.js";

// Twice the magnitude still fits the fast varint exactly.
const ZIGZAG_LIMIT = 2 ** 52;

/**
 * Measures a number with its tag: an integer is a zigzag varint, everything else and -0 a float64. spec/xcp.md §14.2
 *
 * @throws EtherError `ether.ether_invalid` for NaN and infinities.
 */
export function numberSize(value: number): number {
  checkFinite(value);
  if (!isInteger(value)) return 9;
  return 1 + (isSmall(value) ? leb128Size(smallCode(value)) : bigLeb128Size(zigzag(BigInt(value))));
}

/** Writes a number with its tag. */
export function writeNumber(writer: ProtoWriter, value: number): void {
  if (!isInteger(value)) {
    writer.byte(ValueTag.F64);
    writer.f64(value);
    return;
  }
  writer.byte(ValueTag.INTEGER);
  if (isSmall(value)) writer.varint(smallCode(value));
  else writer.bigVarint(zigzag(BigInt(value)));
}

/** Measures a bigint with its tag. @throws EtherError `ether.ether_invalid` outside i64 and u64. */
export function bigintSize(value: bigint): number {
  return 1 + bigLeb128Size(bigintCode(value).code);
}

/** Writes a bigint with its tag. @throws EtherError `ether.ether_invalid` outside i64 and u64. */
export function writeBigint(writer: ProtoWriter, value: bigint): void {
  const { tag, code } = bigintCode(value);
  writer.byte(tag);
  writer.bigVarint(code);
}

/** Refuses what only vectors and tensors carry. @throws EtherError `ether.ether_invalid` for NaN and infinities. */
export function checkFinite(value: number): void {
  if (!Number.isFinite(value)) {
    throw invalidValue(`${value} is allowed only in vectors and tensors`);
  }
}

function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function isSmall(value: number): boolean {
  return value < ZIGZAG_LIMIT && value >= -ZIGZAG_LIMIT;
}

function smallCode(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function bigintCode(value: bigint): { readonly tag: number; readonly code: bigint } {
  if (BigInt.asIntN(64, value) === value) return { tag: ValueTag.INTEGER, code: zigzag(value) };
  if (BigInt.asUintN(64, value) === value) return { tag: ValueTag.UNSIGNED, code: value };
  throw invalidValue(`${value} fits neither i64 nor u64`);
}

function bigLeb128Size(value: bigint): number {
  let size = 1;
  for (let rest = value; rest >= 0x80n; rest >>= 7n) size++;
  return size;
}
