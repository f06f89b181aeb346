import { decodeUtf8, itemSize, TensorView, typedView, unzigzag } from "@proj/wire-types";
import { AttachmentRef } from "../attachment.js";
import { decoding, EtherError } from "../errors.js";
import { parseJson, valueFromJson } from "../json/parse-json.js";
import { type EtherLimits, resolveEtherLimits } from "../limits.js";
import { decodeTensor } from "../tensor/tensor-body.js";
import { emptyMap, type Value, type ValueMap, type VectorValue } from "../value.js";
import { ProtoReader } from "./proto-reader.js";
import { ValueTag, vectorType } from "./value-tag.js";

/** Counts what a body makes against its limits. */
export interface ValueBudget {
  /** Levels and values allowed. */
  readonly limits: EtherLimits;
  /** Whether both sides set feature bit 2. §14.5 */
  readonly tensorExtension: boolean;
  /** Values made so far. */
  values: number;
}

/** Counts one value. @throws EtherError `ether.too_large` */
export function spend(budget: ValueBudget): void {
  if (++budget.values > budget.limits.maxValues) {
    throw new EtherError("ether.too_large", `more than ${budget.limits.maxValues} values`);
  }
}

/**
 * Decodes the next `length` bytes of `reader` as one value.
 *
 * Bytes, vectors and tensors are views of the body; vectors and tensors are copied where they are not aligned.
 *
 * @param level The level that the value has, if it is a list or map.
 * @throws EtherError `ether.body_malformed`, `ether.too_large`, `ether.tensor_header`, `ether.tensor_size`.
 * @see spec/xcp.md §14.2
 */
export function readValue(
  reader: ProtoReader,
  length: number,
  level: number,
  budget: ValueBudget,
): Value {
  spend(budget);
  if (length === 0) return "";
  const tag = reader.bytes[reader.at] ?? 0;
  if (tag < 0x80 || tag >= 0xc0) return readText(reader, length, tag);
  const whole = reader.view(length);
  const rest = whole.subarray(1);
  switch (tag) {
    case ValueTag.NULL:
      return nothing(rest, null);
    case ValueTag.FALSE:
      return nothing(rest, false);
    case ValueTag.TRUE:
      return nothing(rest, true);
    case ValueTag.INTEGER:
      return narrow(unzigzag(wholeVarint(rest)));
    case ValueTag.UNSIGNED:
      return narrow(wholeVarint(rest));
    case ValueTag.F64:
      return readF64(rest);
    case ValueTag.BYTES:
      return rest;
    case ValueTag.JSON:
      return readJson(rest, level, budget);
    case ValueTag.LIST:
      return readList(rest, level, budget);
    case ValueTag.MAP:
      return readMap(rest, level, budget);
    case ValueTag.ATTACHMENT_REF:
      return new AttachmentRef(decoding("ether.body_malformed", () => decodeUtf8(rest)));
    case ValueTag.TENSOR:
      return decodeTensor(rest, rest[1] ?? 0, budget);
    default:
      return readVector(tag, rest) ?? whole;
  }
}

/**
 * Decodes a value that stands alone.
 *
 * @throws EtherError `ether.body_malformed`, `ether.too_large`, `ether.tensor_header`, `ether.tensor_size`.
 * @see spec/xcp.md §14.2
 */
export function decodeValue(bytes: Uint8Array, limits: EtherLimits = resolveEtherLimits()): Value {
  const budget = { limits, tensorExtension: false, values: 0 };
  return readValue(new ProtoReader(bytes), bytes.length, 1, budget);
}

function readText(reader: ProtoReader, length: number, first: number): string {
  if (first === 0xc0 || first === 0xc1 || first > 0xf4) {
    throw malformed(`a value starts with 0x${first.toString(16)}`);
  }
  return reader.text(length);
}

function readList(bytes: Uint8Array, level: number, budget: ValueBudget): readonly Value[] {
  enter(level, budget);
  const reader = new ProtoReader(bytes);
  const list: Value[] = [];
  while (reader.at < reader.end) list.push(readValue(reader, reader.length(), level + 1, budget));
  return list;
}

function readMap(bytes: Uint8Array, level: number, budget: ValueBudget): ValueMap {
  enter(level, budget);
  const reader = new ProtoReader(bytes);
  const map = emptyMap();
  while (reader.at < reader.end) {
    const key = reader.text(reader.length());
    map[key] = readValue(reader, reader.length(), level + 1, budget);
  }
  return map;
}

function readJson(bytes: Uint8Array, level: number, budget: ValueBudget): Value {
  const { limits } = budget;
  // The text's own values count on top of what was spent.
  const left = { ...limits, maxValues: Math.max(limits.maxValues - budget.values, 0) };
  const json = parseJson(bytes, left);
  return valueFromJson(json, level, limits.maxNesting);
}

function readF64(bytes: Uint8Array): number {
  if (bytes.length !== 8) throw malformed(`a float of ${bytes.length} bytes`);
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  if (!Number.isFinite(value)) throw malformed(`${value} outside a vector`);
  return value;
}

function readVector(tag: number, bytes: Uint8Array): VectorValue | TensorView | undefined {
  const dtype = vectorType(tag);
  if (dtype === undefined) return undefined;
  const size = itemSize(dtype);
  if (bytes.length % size !== 0) throw malformed(`${bytes.length} bytes of ${dtype}`);
  if (dtype === "bool" && bytes.some((byte) => byte > 1))
    throw malformed("a bool that is not 0 or 1");
  const elements = typedView(dtype, bytes);
  if (dtype === "float16" || dtype === "uint8" || dtype === "bool") {
    return new TensorView(dtype, [elements.length], elements);
  }
  return elements as VectorValue;
}

function wholeVarint(bytes: Uint8Array): bigint {
  const reader = new ProtoReader(bytes);
  const value = reader.bigVarint();
  if (reader.at !== reader.end) throw malformed("bytes after an integer");
  return value;
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function nothing<T>(rest: Uint8Array, value: T): T {
  if (rest.length > 0) throw malformed(`${rest.length} bytes after ${String(value)}`);
  return value;
}

function enter(level: number, budget: ValueBudget): void {
  if (level > budget.limits.maxNesting) {
    throw new EtherError(
      "ether.too_large",
      `more than ${budget.limits.maxNesting} levels of lists and maps`,
    );
  }
}

function malformed(what: string): EtherError {
  return new EtherError("ether.body_malformed", `EtherProto value: ${what}`);
}
