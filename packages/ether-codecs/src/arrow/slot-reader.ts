import { decodeUtf8, float16ToFloat32, typedView } from "@proj/wire-types";
import { AttachmentRef } from "../attachment.js";
import { parseJson, valueFromJson } from "../json/parse-json.js";
import { dtypeOf } from "./arrow-type.js";
import { type ArrowColumn, isNullSlot, slotStart } from "./column.js";
import { ENCODING_KEY } from "./encoding-key.js";
import { malformed } from "./flat-reader.js";
import type { ReadContext, SlotReader } from "./read-context.js";
import { numericBlock, unpackBits, vectorValue } from "./vector-slots.js";

// A payload is level 1; what its columns hold is level 2.
const CELL_LEVEL = 2;

/**
 * Prepares the slots of a column to be read as Ether values.
 *
 * Bytes and vectors are views of the column. Temporal slots read as the integers they are stored as.
 *
 * @throws EtherError `ether.body_malformed` for a type that no Ether value has, `ether.too_large`; the reader itself for
 * bad text or JSON.
 * @see spec/xcp.md §14.7
 */
export function slotReader(column: ArrowColumn, context: ReadContext): SlotReader {
  const read =
    column.dictionary === undefined ? plainReader(column, context) : indexReader(column, context);
  return column.validity === undefined
    ? read
    : (i) => (isNullSlot(column, i) ? undefined : read(i));
}

function plainReader(column: ArrowColumn, context: ReadContext): SlotReader {
  const { field, type, data } = column;
  switch (type.kind) {
    case "null":
      return () => undefined;
    case "utf8":
    case "largeUtf8":
      return textReader(column, context);
    case "binary":
    case "largeBinary":
      return (i) => data.subarray(slotStart(column, i), slotStart(column, i + 1));
    case "int":
    case "float":
    case "bool":
      return scalarReader(column, context);
    case "fixed":
      if (type.logical === "fixedBinary") {
        return (i) => data.subarray(i * type.bytes, (i + 1) * type.bytes);
      }
      return scalarReader(column, context);
    case "fixedList":
    case "list":
    case "largeList":
      return listReader(column, context);
    case "map":
    case "struct":
    case "union":
      throw malformed(`column ${field.name} is ${type.kind}, which no Ether value is`);
  }
}

function textReader(column: ArrowColumn, context: ReadContext): SlotReader {
  const { data } = column;
  const { limits } = context;
  const bytes = (i: number): Uint8Array =>
    data.subarray(slotStart(column, i), slotStart(column, i + 1));
  switch (column.field.metadata.get(ENCODING_KEY)) {
    case undefined:
      return (i) => decodeUtf8(bytes(i));
    case "json":
      return (i) =>
        context.spendOn(valueFromJson(parseJson(bytes(i), limits), CELL_LEVEL, limits.maxNesting));
    case "att":
      return (i) => new AttachmentRef(decodeUtf8(bytes(i)));
    default:
      throw malformed(`column ${column.field.name} has an unknown ${ENCODING_KEY}`);
  }
}

function scalarReader(column: ArrowColumn, context: ReadContext): SlotReader {
  const { field, type, data, length } = column;
  const dtype = dtypeOf(type);
  switch (dtype) {
    case undefined:
      throw malformed(`column ${field.name} is of a type that no Ether value has`);
    case "bool": {
      context.spendBytes(length);
      const bytes = unpackBits(data, length);
      return (i) => bytes[i] === 1;
    }
    case "int64":
    case "uint64": {
      const numbers = typedView(dtype, data) as BigInt64Array;
      return (i) => narrow(numbers[i] ?? 0n);
    }
    case "float16":
      return finiteReader(float16ToFloat32(typedView(dtype, data) as Uint16Array), column);
    case "float32":
    case "float64":
      return finiteReader(typedView(dtype, data) as Float64Array, column);
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32": {
      const numbers = typedView(dtype, data) as Int32Array;
      return (i) => numbers[i] ?? 0;
    }
  }
}

// Only vectors and tensors may hold what JSON has no number for. §13
function finiteReader(numbers: ArrayLike<number>, column: ArrowColumn): SlotReader {
  return (i) => {
    const value = numbers[i] ?? 0;
    if (!Number.isFinite(value)) throw malformed(`${column.field.name}: a scalar of ${value}`);
    return value;
  };
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function listReader(column: ArrowColumn, context: ReadContext): SlotReader {
  const { type } = column;
  const start =
    type.kind === "fixedList" ? (i: number) => i * type.size : (i: number) => slotStart(column, i);
  const [child] = column.children;
  if (child === undefined) throw malformed(`${column.field.name}: a list without items`);
  const block = child.validity === undefined ? numericBlock(child, context) : undefined;
  if (block !== undefined) {
    const { dtype, shape, size, elements } = block;
    return (i) => {
      const from = start(i);
      const to = start(i + 1);
      const part = elements.subarray(from * size, to * size);
      return vectorValue(dtype, [to - from, ...shape], part);
    };
  }
  // Items that take no bytes, such as empty lists, would otherwise cost their sender nothing.
  context.spend(child.length);
  const item = slotReader(child, context);
  return (i) => {
    const from = start(i);
    return Array.from({ length: start(i + 1) - from }, (_, k) => item(from + k) ?? null);
  };
}

function indexReader(column: ArrowColumn, context: ReadContext): SlotReader {
  const indices = scalarReader(column, context);
  const parts = (column.dictionary ?? []).map((part) => {
    if (part.children.length > 0 || part.type.kind === "null") {
      throw malformed(`column ${column.field.name} has a dictionary of ${part.type.kind}`);
    }
    return { length: part.length, read: context.readOnce(part, () => slotReader(part, context)) };
  });
  return (i) => {
    let left = Number(indices(i));
    for (const part of parts) {
      if (left < part.length) return part.read(left);
      left -= part.length;
    }
    return undefined;
  };
}
