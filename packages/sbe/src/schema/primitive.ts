/** The primitive types of SBE. */
export type Primitive =
  | "char"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float"
  | "double";

/** What is fixed about a primitive type. */
export interface PrimitiveInfo {
  /** Bytes of one value. */
  readonly size: 1 | 2 | 4 | 8;
  /** The part of the name that DataView's getters and setters share. */
  readonly accessor: string;
  /** Whether values are `bigint`. */
  readonly big: boolean;
  /** The value that means null; `NaN` for the floating-point types. */
  readonly nullValue: bigint | number;
}

/** The facts of each primitive type. */
export const PRIMITIVES: Readonly<Record<Primitive, PrimitiveInfo>> = {
  char: { size: 1, accessor: "Uint8", big: false, nullValue: 0 },
  int8: { size: 1, accessor: "Int8", big: false, nullValue: -128 },
  int16: { size: 2, accessor: "Int16", big: false, nullValue: -32_768 },
  int32: { size: 4, accessor: "Int32", big: false, nullValue: -2_147_483_648 },
  int64: { size: 8, accessor: "BigInt64", big: true, nullValue: -(2n ** 63n) },
  uint8: { size: 1, accessor: "Uint8", big: false, nullValue: 255 },
  uint16: { size: 2, accessor: "Uint16", big: false, nullValue: 65_535 },
  uint32: { size: 4, accessor: "Uint32", big: false, nullValue: 4_294_967_295 },
  uint64: { size: 8, accessor: "BigUint64", big: true, nullValue: 2n ** 64n - 1n },
  float: { size: 4, accessor: "Float32", big: false, nullValue: Number.NaN },
  double: { size: 8, accessor: "Float64", big: false, nullValue: Number.NaN },
};

/** Returns the primitive type of this name, if there is one. */
export function asPrimitive(name: string): Primitive | undefined {
  return Object.hasOwn(PRIMITIVES, name) ? (name as Primitive) : undefined;
}
