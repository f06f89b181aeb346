import { PRIMITIVES } from "../schema/primitive.js";
import type { EncodedType, EnumType, Field, SetType, Type, Value } from "../schema/schema.js";
import { sizeOf } from "../schema/type-registry.js";
import { typeName } from "./names.js";

/** A type whose value is one number. */
export type ScalarType = EncodedType | EnumType | SetType;

/** Tells whether `type` is a fixed-length array. */
export function isArray(type: Type): type is EncodedType {
  return type.kind === "encoded" && type.length > 1;
}

/** Tells whether `type` is a fixed-length text. */
export function isText(type: Type): boolean {
  return isArray(type) && type.primitive === "char";
}

/** Returns the TypeScript type of one value. */
export function numberType(type: ScalarType): "bigint" | "number" {
  return PRIMITIVES[type.primitive].big ? "bigint" : "number";
}

/** Returns the TypeScript type of a field in a plain object. */
export function propertyType(type: Type): string {
  if (type.kind === "composite" || type.kind === "enum") return typeName(type.name);
  if (isText(type)) return "string";
  return isArray(type) ? `readonly ${numberType(type)}[]` : numberType(type);
}

/** Returns a value as source. */
export function literal(value: Value): string {
  if (typeof value === "bigint") return `${value}n`;
  return Number.isNaN(value) ? "Number.NaN" : String(value);
}

/** Returns the value that means null. */
export function nullOf(type: ScalarType): Value {
  if (type.kind === "set") return PRIMITIVES[type.primitive].big ? 0n : 0;
  return type.nullValue;
}

/** Returns the source that tells whether `name` holds the null of `type`. */
export function isNull(name: string, type: ScalarType): string {
  const value = nullOf(type);
  return Number.isNaN(value) ? `Number.isNaN(${name})` : `${name} === ${literal(value)}`;
}

/** Returns the source that reads one value at `at`. */
export function read(type: ScalarType, at: string, little: boolean): string {
  const { accessor, size } = PRIMITIVES[type.primitive];
  return `this.view.get${accessor}(${at}${size === 1 ? "" : `, ${little}`})`;
}

/** Returns the source that writes `value` at `at`. */
export function write(type: ScalarType, at: string, value: string, little: boolean): string {
  const { accessor, size } = PRIMITIVES[type.primitive];
  return `this.view.set${accessor}(${at}, ${value}${size === 1 ? "" : `, ${little}`});`;
}

/** Returns the source of the place `offset` bytes behind the start of the block. */
export function place(offset: number): string {
  return offset === 0 ? "this.at" : `this.at + ${offset}`;
}

/** Returns the value of a constant field, or `undefined` for a field that lies on the wire. */
export function constantOf(field: Field): string | undefined {
  if (field.presence !== "constant") return undefined;
  if (field.constant !== undefined) return literal(field.constant);
  const { type } = field;
  if (type.kind !== "encoded" || type.constant === undefined) return undefined;
  return typeof type.constant === "string" ? JSON.stringify(type.constant) : literal(type.constant);
}

/** Returns whether a reader of the field may find nothing. */
export function mayBeAbsent(field: Field): boolean {
  return field.presence === "optional" || field.sinceVersion > 0;
}

/** Returns the first byte behind the field. */
export function endOf(field: Field): number {
  return field.offset + sizeOf(field.type);
}
