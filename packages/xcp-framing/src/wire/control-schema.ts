import { utf8Length } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import type { MsgId } from "./header.js";

/** How the value of a field is written. spec/xcp.md §6..§8 */
type FieldType =
  /** 0..2^32-1 */
  | { readonly kind: "u32" }
  /** A u32 on the wire that must not pass 65 535. */
  | { readonly kind: "u16" }
  /** 0..2^64-1, kept exactly; above 2^53-1 a decimal string in JSON. */
  | { readonly kind: "id" }
  /** A u64 that counts something; more than 2^53-1 reads as 2^53-1. */
  | { readonly kind: "count" }
  /** A u64 of which only the low 32 bits mean something; the others are dropped. */
  | { readonly kind: "bits" }
  | { readonly kind: "bool" }
  /** UTF-8, at most `maxBytes` long. */
  | { readonly kind: "text"; readonly maxBytes?: number }
  /** Base64 in JSON; of `length` bytes where only one length is legal. */
  | { readonly kind: "bytes"; readonly length?: number }
  /** A `ReadonlyMap<string, Uint8Array>`. */
  | { readonly kind: "bytesByText" }
  | { readonly kind: "message"; readonly schema: BodySchema<unknown> };

/**
 * Whether a value is there.
 *
 * `one`: absent and zero are one, and read as zero. `maybe`: absent and zero are one, and read as `undefined`. `explicit`:
 * a zero is written, and differs from `undefined`. `many`: a list. `maybeMany`: a list, of which the empty one reads as
 * `undefined`.
 */
type Presence = "one" | "maybe" | "explicit" | "many" | "maybeMany";

/** What a table says about one field. */
export interface FieldSpec {
  /** Its number in Protobuf. */
  readonly number: number;
  /** Its name on the wire: the JSON member. */
  readonly name: string;
  /** How its value is written. */
  readonly type: FieldType;
  /** `one` when left out. */
  readonly presence?: Presence;
  /** `always`: JSON has the member even when it is empty, as the reference implementation writes it. §5.1 */
  readonly inJson?: "always";
}

/** A field and the property that holds its value. */
export interface Field extends Required<Omit<FieldSpec, "inJson">> {
  /** The property of the TypeScript interface. */
  readonly property: string;
  /** See {@link FieldSpec}. */
  readonly alwaysInJson: boolean;
}

/** The one description of a control body, from which its Protobuf and its JSON form are both read and written. */
export interface BodySchema<T> {
  /** The message's name in `proto/xcp.proto`. */
  readonly name: string;
  /** In the order of JSON members. */
  readonly fields: readonly Field[];
  /** In the order of Protobuf. */
  readonly byNumber: ReadonlyMap<number, Field>;
  /** Carries the type; never set. */
  readonly body?: T;
}

/** The value of a field, or one element of it. */
export type FieldValue =
  | MsgId
  | boolean
  | string
  | Uint8Array
  | ReadonlyMap<string, Uint8Array>
  | object
  | undefined;

/** Most elements of a repeated field or a map that are read. */
export const MAX_REPEATED = 4096;

const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;

/** Makes the schema of a body; the compiler sees to it that no property of `T` is forgotten. */
export function bodySchema<T extends object>(
  name: string,
  table: { readonly [K in keyof T]-?: FieldSpec },
): BodySchema<T> {
  const fields = Object.entries<FieldSpec>(table).map(([property, spec]) => ({
    number: spec.number,
    name: spec.name,
    type: spec.type,
    presence: spec.presence ?? "one",
    property,
    alwaysInJson: spec.inJson === "always",
  }));
  const sorted = fields.toSorted((a, b) => a.number - b.number);
  return { name, fields, byNumber: new Map(sorted.map((field) => [field.number, field])) };
}

/** Tells whether a field holds a list. */
export function isRepeated(field: Field): boolean {
  return field.presence === "many" || field.presence === "maybeMany";
}

/** The value of `field` in a body. */
export function valueOf(body: object, field: Field): FieldValue {
  return (body as Record<string, FieldValue>)[field.property];
}

/** Tells whether a value is written no differently from an absent one. */
export function isEmptyValue(value: FieldValue): boolean {
  if (value === undefined || value === 0 || value === 0n || value === false || value === "") {
    return true;
  }
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return value instanceof Map && value.size === 0;
}

/**
 * Gives a number, text or byte string from the wire the form that its field has.
 *
 * @throws XcpError `xcp.body_malformed`
 */
export function narrowed(field: Field, value: MsgId | string | Uint8Array): FieldValue {
  const { type, name } = field;
  const integer = value as MsgId;
  switch (type.kind) {
    case "u32":
      return checked(value, integer <= MAX_U32, name);
    case "u16":
      return checked(value, integer <= MAX_U16, name);
    case "count":
      return typeof value === "bigint" ? Number.MAX_SAFE_INTEGER : value;
    case "bits":
      return Number(BigInt.asUintN(32, BigInt(integer)));
    case "bool":
      return value !== 0;
    case "text":
      return checked(value, utf8Length(value as string) <= (type.maxBytes ?? Infinity), name);
    case "bytes":
      return checked(value, fits(value as Uint8Array, type.length), name);
    case "id":
    case "bytesByText":
    case "message":
      return value;
  }
}

function checked(value: FieldValue, legal: boolean, name: string): FieldValue {
  if (!legal) throw new XcpError("xcp.body_malformed", `${name} is out of range`);
  return value;
}

// An empty byte string is an absent one.
function fits(bytes: Uint8Array, length: number | undefined): boolean {
  return length === undefined || bytes.length === 0 || bytes.length === length;
}

/** Completes what was read with what was absent, and forgets zeros that mean absence. */
export function completeBody<T>(schema: BodySchema<T>, read: ReadonlyMap<string, FieldValue>): T {
  const body: Record<string, FieldValue> = {};
  for (const field of schema.fields) {
    const value = read.get(field.property);
    if (field.presence === "explicit") body[field.property] = value;
    else if (field.presence === "one" || field.presence === "many") {
      body[field.property] = value ?? emptyValue(field);
    } else if (!isEmptyValue(value)) body[field.property] = value;
  }
  return body as T;
}

function emptyValue(field: Field): FieldValue {
  if (field.presence === "many") return [];
  switch (field.type.kind) {
    case "u32":
    case "u16":
    case "id":
    case "count":
    case "bits":
      return 0;
    case "bool":
      return false;
    case "text":
      return "";
    case "bytes":
      return new Uint8Array(0);
    case "bytesByText":
      return new Map();
    case "message":
      return completeBody(field.type.schema, new Map()) as object;
  }
}
