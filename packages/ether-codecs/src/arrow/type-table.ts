import type { ArrowType } from "./arrow-type.js";
import { type FlatTable, malformed } from "./flat-reader.js";
import type { FlatFields } from "./flat-writer.js";

/**
 * Reads a member of Arrow's Type union.
 *
 * @param id the union's tag.
 * @param children how many children the field has, checked against the type.
 * @throws EtherError `ether.body_malformed`, also for run-end-encoded and view types.
 */
export function decodeType(id: number, table: FlatTable | undefined, children: number): ArrowType {
  const type = readType(id, table);
  const wanted = childCount(type);
  if (wanted !== undefined && wanted !== children) {
    throw malformed(`a ${type.kind} field with ${children} children`);
  }
  if (type.kind === "union" && type.typeIds.length > 0 && type.typeIds.length !== children) {
    throw malformed(`a union of ${children} children and ${type.typeIds.length} type ids`);
  }
  return type;
}

/** Describes a type for a schema message; only what our writer produces. */
export function encodeType(type: ArrowType): { readonly id: number; readonly value: FlatFields } {
  switch (type.kind) {
    case "int":
      return {
        id: 2,
        value: [
          [0, { kind: "i32", value: type.bits }],
          [1, { kind: "u8", value: type.signed ? 1 : 0 }],
        ],
      };
    case "float":
      return { id: 3, value: [[0, { kind: "i16", value: Math.log2(type.bits) - 4 }]] };
    case "binary":
      return { id: 4, value: [] };
    case "utf8":
      return { id: 5, value: [] };
    case "bool":
      return { id: 6, value: [] };
    case "list":
      return { id: 12, value: [] };
    case "fixedList":
      return { id: 16, value: [[0, { kind: "i32", value: type.size }]] };
    case "fixed":
    case "largeBinary":
    case "largeList":
    case "largeUtf8":
    case "map":
    case "null":
    case "struct":
    case "union":
      throw new TypeError(`no column of ours is ${type.kind}`);
  }
}

function readType(id: number, table: FlatTable | undefined): ArrowType {
  switch (id) {
    case 1:
      return { kind: "null" };
    case 2:
      return { kind: "int", bits: intBits(table), signed: table?.bool(1) ?? false };
    case 3:
      return { kind: "float", bits: pick([16, 32, 64], table?.i16(0, 0) ?? 0, "float precision") };
    case 4:
      return { kind: "binary" };
    case 5:
      return { kind: "utf8" };
    case 6:
      return { kind: "bool" };
    case 7:
      return decimal(table?.i32(2, 128) ?? 128);
    case 8: {
      const bytes = pick([4, 8], table?.i16(0, 1) ?? 1, "date unit");
      return { kind: "fixed", logical: "date", bytes };
    }
    case 9:
      return time(table?.i32(1, 32) ?? 32);
    case 10:
      return { kind: "fixed", logical: "timestamp", bytes: 8 };
    case 11: {
      const bytes = pick([4, 8, 16], table?.i16(0, 0) ?? 0, "interval unit");
      return { kind: "fixed", logical: "interval", bytes };
    }
    case 12:
      return { kind: "list" };
    case 13:
      return { kind: "struct" };
    case 14:
      return union(table);
    case 15: {
      const bytes = size(table?.i32(0, 0) ?? 0);
      return { kind: "fixed", logical: "fixedBinary", bytes };
    }
    case 16:
      return { kind: "fixedList", size: size(table?.i32(0, 0) ?? 0) };
    case 17:
      return { kind: "map" };
    case 18:
      return { kind: "fixed", logical: "duration", bytes: 8 };
    case 19:
      return { kind: "largeBinary" };
    case 20:
      return { kind: "largeUtf8" };
    case 21:
      return { kind: "largeList" };
    default:
      throw malformed(`a field of unsupported type ${id}`);
  }
}

function childCount({ kind }: ArrowType): number | undefined {
  if (kind === "struct" || kind === "union") return undefined;
  return kind === "map" || kind === "fixedList" || kind === "list" || kind === "largeList" ? 1 : 0;
}

function intBits(table: FlatTable | undefined): 8 | 16 | 32 | 64 {
  const bits = table?.i32(0, 0) ?? 0;
  if (bits === 8 || bits === 16 || bits === 32 || bits === 64) return bits;
  throw malformed(`integers of ${bits} bits`);
}

function decimal(bits: number): ArrowType {
  if (![32, 64, 128, 256].includes(bits)) throw malformed(`decimals of ${bits} bits`);
  return { kind: "fixed", logical: "decimal", bytes: bits / 8 };
}

function time(bits: number): ArrowType {
  if (bits !== 32 && bits !== 64) throw malformed(`times of ${bits} bits`);
  return { kind: "fixed", logical: "time", bytes: bits / 8 };
}

function union(table: FlatTable | undefined): ArrowType {
  const ids = table?.vector(1, 4);
  const typeIds = Array.from(
    { length: ids?.count ?? 0 },
    (_, i) => table?.reader.i32((ids?.at ?? 0) + 4 * i) ?? 0,
  );
  if (typeIds.some((id) => id < 0 || id > 127)) throw malformed("a union type id above 127");
  return { kind: "union", dense: table?.i16(0, 0) === 1, typeIds };
}

function size(value: number): number {
  if (value < 0) throw malformed(`a fixed size of ${value}`);
  return value;
}

function pick<T>(choices: readonly T[], index: number, what: string): T {
  const choice = choices[index];
  if (choice === undefined) throw malformed(`${what} ${index}`);
  return choice;
}
