import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import protobuf from "protobufjs";
import { type FieldList, previewBytes, previewText } from "./field.js";

const require = createRequire(import.meta.url);

/** The schema files that the packages ship, by package. */
const schemaFiles: Readonly<Record<string, string>> = {
  "@proj/xcp-framing": "proto/xcp.proto",
  "@proj/ether-codecs": "proto/ether.proto",
};

const MAX_DEPTH = 8;
const schemas = new Map<string, protobuf.Root>();

/**
 * Names the fields of a Protobuf message by walking its wire format, as far as it goes.
 *
 * @param typeName Such as `Hello`, in the schema file of `packageName`.
 * @returns Whether the message is well-formed; a finding marks the byte where it is not.
 */
export function protobufFields(
  list: FieldList,
  bytes: Uint8Array,
  base: number,
  message: { readonly packageName: string; readonly typeName: string },
): boolean {
  const type = schemaOf(message.packageName).lookupType(message.typeName);
  return new MessageWalk(list, bytes, base).run(type, 0, bytes.length, "", 0);
}

function schemaOf(packageName: string): protobuf.Root {
  const known = schemas.get(packageName);
  if (known !== undefined) return known;
  const folder = dirname(require.resolve(`${packageName}/package.json`));
  const text = readFileSync(join(folder, schemaFiles[packageName] ?? ""), "utf8");
  const { root } = protobuf.parse(text, { keepCase: true });
  root.resolveAll();
  schemas.set(packageName, root);
  return root;
}

class MessageWalk {
  readonly #list: FieldList;
  readonly #bytes: Uint8Array;
  readonly #base: number;

  constructor(list: FieldList, bytes: Uint8Array, base: number) {
    this.#list = list;
    this.#bytes = bytes;
    this.#base = base;
  }

  run(type: protobuf.Type, from: number, end: number, path: string, depth: number): boolean {
    for (let at = from; at < end;) {
      const tag = this.#varint(at, end);
      if (tag === undefined) {
        this.#bad(at, "a field tag is cut off");
        return false;
      }
      const number = Number(tag.value >> 3n);
      const wireType = Number(tag.value & 7n);
      const field = type.fieldsById[number];
      const name = `${path}${field?.name ?? `field ${number}`}`;
      const valueAt = at + tag.bytes;
      const next = this.#value(field, wireType, name, { at, valueAt, end }, depth);
      if (next === undefined) return false;
      at = next;
    }
    return true;
  }

  #value(
    field: protobuf.Field | undefined,
    wireType: number,
    name: string,
    place: { readonly at: number; readonly valueAt: number; readonly end: number },
    depth: number,
  ): number | undefined {
    const { at, valueAt, end } = place;
    const add = (next: number, value: string): number => {
      this.#list.add(this.#base + at, next - at, name, value);
      return next;
    };
    switch (wireType) {
      case 0: {
        const varint = this.#varint(valueAt, end);
        if (varint === undefined) return this.#bad(valueAt, `${name}: a number is cut off`);
        return add(
          valueAt + varint.bytes,
          field?.type === "bool" ? String(varint.value !== 0n) : String(varint.value),
        );
      }
      case 1:
      case 5: {
        const size = wireType === 1 ? 8 : 4;
        if (valueAt + size > end) return this.#bad(valueAt, `${name}: ${size} bytes are cut off`);
        return add(valueAt + size, previewBytes(this.#bytes.subarray(valueAt, valueAt + size)));
      }
      case 2:
        return this.#lengthDelimited(field, name, place, depth);
      default:
        return this.#bad(at, `${name}: wire type ${wireType} does not exist in proto3`);
    }
  }

  #lengthDelimited(
    field: protobuf.Field | undefined,
    name: string,
    place: { readonly at: number; readonly valueAt: number; readonly end: number },
    depth: number,
  ): number | undefined {
    const { at, valueAt, end } = place;
    const length = this.#varint(valueAt, end);
    if (length === undefined) return this.#bad(valueAt, `${name}: its length is cut off`);
    const from = valueAt + length.bytes;
    const next = from + Number(length.value);
    if (next > end) {
      return this.#bad(valueAt, `${name}: ${length.value} bytes promised, ${end - from} left`);
    }
    const inner = this.#bytes.subarray(from, next);
    const nested = field?.resolvedType;
    if (nested instanceof protobuf.Type && depth < MAX_DEPTH) {
      this.#list.add(this.#base + at, from - at, name, `message of ${inner.length} bytes`);
      return this.run(nested, from, next, `${name}.`, depth + 1) ? next : undefined;
    }
    this.#list.add(this.#base + at, next - at, name, this.#describe(field, inner));
    return next;
  }

  #describe(field: protobuf.Field | undefined, inner: Uint8Array): string {
    if (field instanceof protobuf.MapField)
      return `map entry of ${inner.length} bytes${mapKey(inner)}`;
    if (field?.type === "string") return previewText(new TextDecoder().decode(inner));
    if (field?.repeated === true && field.type !== "bytes") return packed(inner);
    return previewBytes(inner);
  }

  #varint(at: number, end: number): { readonly value: bigint; readonly bytes: number } | undefined {
    return readVarint(this.#bytes, at, end);
  }

  #bad(at: number, message: string): undefined {
    this.#list.find(this.#base + at, "xcp.body_malformed", message);
    return undefined;
  }
}

function readVarint(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly value: bigint; readonly bytes: number } | undefined {
  let value = 0n;
  for (let i = 0; i < 10 && at + i < end; i++) {
    const byte = bytes[at + i] ?? 0;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value, bytes: i + 1 };
  }
  return undefined;
}

// A map entry is a message {1 key, 2 value}; its key says more than its length.
function mapKey(inner: Uint8Array): string {
  if (inner[0] !== 0x0a) return "";
  const length = readVarint(inner, 1, inner.length);
  if (length === undefined) return "";
  const from = 1 + length.bytes;
  return `, key ${previewText(new TextDecoder().decode(inner.subarray(from, from + Number(length.value))))}`;
}

function packed(inner: Uint8Array): string {
  const values: string[] = [];
  for (let at = 0; at < inner.length && values.length < 12;) {
    const varint = readVarint(inner, at, inner.length);
    if (varint === undefined) break;
    values.push(String(varint.value));
    at += varint.bytes;
  }
  return `[${values.join(", ")}${values.length === 12 ? ", …" : ""}]`;
}
