import type { DType } from "@proj/wire-types";

/** Values of a fixed width that no Ether has as such; temporal ones read as the integers they are stored as. */
type FixedLogical =
  | "date"
  | "time"
  | "timestamp"
  | "duration"
  | "decimal"
  | "interval"
  | "fixedBinary";

/** How a column is laid out. Arrow's Type union, reduced to what changes buffers. */
export type ArrowType =
  | { readonly kind: "int"; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: "float"; readonly bits: 16 | 32 | 64 }
  | { readonly kind: "bool" }
  | { readonly kind: "utf8" }
  | { readonly kind: "binary" }
  | { readonly kind: "list" }
  | { readonly kind: "fixedList"; readonly size: number }
  | { readonly kind: "largeUtf8" }
  | { readonly kind: "largeBinary" }
  | { readonly kind: "largeList" }
  | { readonly kind: "fixed"; readonly logical: FixedLogical; readonly bytes: number }
  | { readonly kind: "null" }
  | { readonly kind: "struct" }
  | { readonly kind: "map" }
  | { readonly kind: "union"; readonly dense: boolean; readonly typeIds: readonly number[] };

/** One column, or one child of a column. */
export interface ArrowField {
  /** Name; children of lists are called `item`. */
  readonly name: string;
  /** Layout; of a dictionary-encoded field that of its values. */
  readonly type: ArrowType;
  /** Whether slots may be null. */
  readonly nullable: boolean;
  /** Children of a nested type. */
  readonly children: readonly ArrowField[];
  /** Custom metadata. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Set when the column holds indices into a dictionary. */
  readonly dictionary?: {
    /** Names the dictionary. */
    readonly id: number;
    /** Layout of the indices. */
    readonly indexType: ArrowType;
  };
}

/** The first message of a stream. */
export interface ArrowSchema {
  /** The columns in order. */
  readonly fields: readonly ArrowField[];
  /** Custom metadata. */
  readonly metadata: ReadonlyMap<string, string>;
}

const dtypes: Readonly<Record<DType, ArrowType>> = {
  float16: { kind: "float", bits: 16 },
  float32: { kind: "float", bits: 32 },
  float64: { kind: "float", bits: 64 },
  int8: { kind: "int", bits: 8, signed: true },
  uint8: { kind: "int", bits: 8, signed: false },
  int16: { kind: "int", bits: 16, signed: true },
  uint16: { kind: "int", bits: 16, signed: false },
  int32: { kind: "int", bits: 32, signed: true },
  uint32: { kind: "int", bits: 32, signed: false },
  int64: { kind: "int", bits: 64, signed: true },
  uint64: { kind: "int", bits: 64, signed: false },
  bool: { kind: "bool" },
};

/** The Arrow type of vector elements. */
export function arrowTypeOf(dtype: DType): ArrowType {
  return dtypes[dtype];
}

/** The element type of a column of numbers or booleans; `undefined` for any other column. */
export function dtypeOf(type: ArrowType): DType | undefined {
  if (type.kind === "int") return `${type.signed ? "" : "u"}int${type.bits}`;
  if (type.kind === "float") return `float${type.bits}`;
  if (type.kind === "bool") return "bool";
  if (type.kind !== "fixed" || !temporal.has(type.logical)) return undefined;
  return type.bytes === 4 ? "int32" : "int64";
}

const temporal: ReadonlySet<FixedLogical> = new Set(["date", "time", "timestamp", "duration"]);
