import { schemaProblem } from "../schema/problem.js";
import { PRIMITIVES } from "../schema/primitive.js";
import type { CompositeType, EncodedType, Schema } from "../schema/schema.js";
import { constantName, typeName } from "./names.js";
import { doc, type Source } from "./lines.js";

/** Emits the constants that describe the header, the dimensions and the lengths a schema uses. */
export function framing(schema: Schema): Source {
  const { groups, lengths } = used(schema);
  return [
    doc("The id of this schema."),
    `export const SCHEMA_ID = ${schema.id};`,
    doc("The version of this schema, which encoders write."),
    `export const SCHEMA_VERSION = ${schema.version};`,
    doc("How the header of these messages lies."),
    `export const MESSAGE_HEADER: HeaderLayout = ${headerLayout(schema)};`,
    [...groups].map((type) => dimensionLayout(type, schema.little)),
    [...lengths].map((type) => dataLayout(type, schema.little)),
  ];
}

/** Returns the constant that describes these dimensions. */
export function dimensionsConstant(type: CompositeType): string {
  return `${constantName(type.name)}_DIMENSIONS`;
}

/** Returns the constant that describes this kind of data. */
export function dataConstant(type: CompositeType): string {
  return `${constantName(type.name)}_LAYOUT`;
}

/** Returns what the data of this type is in TypeScript. */
export function dataKind(type: CompositeType): "string" | "Uint8Array" {
  return textOf(type) === undefined ? "Uint8Array" : "string";
}

/** Returns the bytes that a length of this type takes. */
export function lengthSize(type: CompositeType): number {
  return PRIMITIVES[encoded(type, "length").primitive].size;
}

function used(schema: Schema): {
  groups: Set<CompositeType>;
  lengths: Set<CompositeType>;
} {
  const groups = new Set<CompositeType>();
  const lengths = new Set<CompositeType>();
  const visit = (block: Schema["messages"][number]["block"]): void => {
    for (const group of block.groups) {
      groups.add(group.dimensions);
      visit(group.block);
    }
    for (const data of block.data) lengths.add(data.type);
  };
  for (const message of schema.messages) visit(message.block);
  return { groups, lengths };
}

function headerLayout(schema: Schema): string {
  const { header } = schema;
  return `{ size: ${header.size}, little: ${schema.little},
    blockLength: ${part(header, "blockLength")}, templateId: ${part(header, "templateId")},
    schemaId: ${part(header, "schemaId")}, version: ${part(header, "version")},
    ${optionalPart(header, "groups", "numGroups")} ${optionalPart(header, "data", "numVarDataFields")} }`;
}

function dimensionLayout(type: CompositeType, little: boolean): Source {
  return [
    doc(`How the dimensions ${typeName(type.name)} lie.`),
    `const ${dimensionsConstant(type)}: DimensionLayout = { size: ${type.size}, little: ${little},
      blockLength: ${part(type, "blockLength")}, count: ${part(type, "numInGroup")},
      ${optionalPart(type, "groups", "numGroups")} ${optionalPart(type, "data", "numVarDataFields")} };`,
  ];
}

function dataLayout(type: CompositeType, little: boolean): Source {
  const length = encoded(type, "length");
  const { size } = PRIMITIVES[length.primitive];
  const max = length.maxValue ?? 2 ** (8 * size) - 2;
  const text = textOf(type);
  return [
    doc(`How data of ${typeName(type.name)} lies.`),
    `const ${dataConstant(type)}: DataLayout = { size: ${size}, little: ${little}, maxLength: ${max}, ${
      text === undefined ? "" : `text: "${text}",`
    } };`,
  ];
}

function textOf(type: CompositeType): "latin1" | "utf8" | undefined {
  const encoding = encoded(type, "varData").characterEncoding;
  if (encoding === undefined) return undefined;
  if (encoding === "UTF-8" || encoding === "UTF8") return "utf8";
  if (encoding === "US-ASCII" || encoding === "ASCII" || encoding === "ISO-8859-1") return "latin1";
  throw schemaProblem(1, `${type.name} is encoded as ${encoding}: UTF-8, US-ASCII or ISO-8859-1`);
}

function part(type: CompositeType, name: string): string {
  const member = type.members.find((each) => each.name === name);
  if (member === undefined) throw schemaProblem(1, `the composite ${type.name} lacks ${name}`);
  return `{ offset: ${member.offset}, size: ${unsignedSize(type, encoded(type, name))} }`;
}

function optionalPart(type: CompositeType, property: string, name: string): string {
  const there = type.members.some((each) => each.name === name);
  return there ? `${property}: ${part(type, name)},` : "";
}

function unsignedSize(owner: CompositeType, type: EncodedType): number {
  const { size } = PRIMITIVES[type.primitive];
  if (type.primitive.startsWith("uint") && size <= 4) return size;
  throw schemaProblem(
    1,
    `${owner.name}.${type.name} is ${type.primitive}: uint8, uint16 or uint32`,
  );
}

function encoded(composite: CompositeType, name: string): EncodedType {
  const type = composite.members.find((each) => each.name === name)?.type;
  if (type?.kind === "encoded") return type;
  throw schemaProblem(1, `the composite ${composite.name} lacks the type ${name}`);
}
