import { formatBase64, parseBase64 } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import {
  type BodySchema,
  completeBody,
  type Field,
  type FieldValue,
  isEmptyValue,
  isRepeated,
  MAX_REPEATED,
  narrowed,
  valueOf,
} from "./control-schema.js";
import { type MsgId, toMsgId } from "./header.js";

const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** Puts a body in its JSON form: a value for `JSON.stringify`, its members in the order of the schema. */
export function toJson<T>(schema: BodySchema<T>, body: object): object {
  const members: [string, unknown][] = [];
  for (const field of schema.fields) {
    const value = valueOf(body, field);
    const written = field.presence === "explicit" ? value !== undefined : !isEmptyValue(value);
    if (!written && !(field.alwaysInJson && value !== undefined)) continue;
    members.push([
      field.name,
      isRepeated(field)
        ? (value as readonly FieldValue[]).map((element) => jsonOf(field, element))
        : jsonOf(field, value),
    ]);
  }
  return Object.fromEntries(members);
}

function jsonOf(field: Field, value: FieldValue): unknown {
  if (field.type.kind === "message") return toJson(field.type.schema, value as object);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return formatBase64(value);
  if (!(value instanceof Map)) return value;
  const entries = value as ReadonlyMap<string, Uint8Array>;
  return Object.fromEntries([...entries].map(([key, bytes]) => [key, formatBase64(bytes)]));
}

/**
 * Reads a body in its JSON form, which `JSON.parse` gave. Unknown members are ignored, `null` is absent.
 *
 * @throws XcpError `xcp.body_malformed`
 * @throws WireError from the floor, for text that is not base64.
 */
export function fromJson<T>(schema: BodySchema<T>, json: unknown): T {
  const members = objectOf(json, schema.name);
  const read = new Map<string, FieldValue>();
  for (const field of schema.fields) {
    const value = memberOf(members, field.name);
    if (value !== undefined) {
      read.set(field.property, isRepeated(field) ? listOf(field, value) : fieldOf(field, value));
    }
  }
  return completeBody(schema, read);
}

function listOf(field: Field, value: unknown): readonly FieldValue[] {
  if (!Array.isArray(value)) throw wrong(field, "a list");
  if (value.length > MAX_REPEATED) throw wrong(field, `a list of at most ${MAX_REPEATED}`);
  return value.map((element: unknown) => fieldOf(field, element));
}

function fieldOf(field: Field, value: unknown): FieldValue {
  const { type } = field;
  switch (type.kind) {
    case "u32":
    case "u16":
    case "id":
    case "count":
    case "bits":
      return narrowed(field, integerOf(field, value));
    case "bool":
      if (typeof value !== "boolean") throw wrong(field, "true or false");
      return value;
    case "text":
      if (typeof value !== "string") throw wrong(field, "a text");
      return narrowed(field, value);
    case "bytes":
      return narrowed(field, base64Of(field, value));
    case "bytesByText":
      return entriesOf(field, value);
    case "message":
      return fromJson(type.schema, value) as object;
  }
}

function integerOf(field: Field, value: unknown): MsgId {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  if (typeof value === "string" && /^\d{1,20}$/.test(value)) {
    const exact = BigInt(value);
    if (exact <= MAX_U64) return toMsgId(exact);
  }
  throw wrong(field, "an unsigned integer");
}

function base64Of(field: Field, value: unknown): Uint8Array {
  if (typeof value !== "string") throw wrong(field, "base64");
  return parseBase64(value);
}

function entriesOf(field: Field, value: unknown): ReadonlyMap<string, Uint8Array> {
  const entries = Object.entries(objectOf(value, field.name));
  if (entries.length > MAX_REPEATED) throw wrong(field, `at most ${MAX_REPEATED} entries`);
  return new Map(entries.map(([key, bytes]) => [key, base64Of(field, bytes)]));
}

function memberOf(members: object, name: string): unknown {
  if (!Object.hasOwn(members, name)) return undefined;
  return (members as Record<string, unknown>)[name] ?? undefined;
}

function objectOf(value: unknown, name: string): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new XcpError("xcp.body_malformed", `${name} is not an object`);
}

function wrong(field: Field, expected: string): XcpError {
  return new XcpError("xcp.body_malformed", `${field.name} is not ${expected}`);
}
