import type { Block, CompositeType, Field, Group, Message } from "../schema/schema.js";
import { memberFields } from "./decoder.js";
import { dataKind } from "./framing.js";
import { doc, sentence, type Source } from "./lines.js";
import { methodName, propertyName, typeName } from "./names.js";
import { constantOf, isArray, isText, mayBeAbsent, propertyType } from "./values.js";

/** Emits a composite as a plain object, and its two functions. */
export function compositeObject(type: CompositeType): Source {
  const name = typeName(type.name);
  const fields = onTheWire(memberFields(type));
  return [
    doc(sentence(type.description) || `The values of ${name}.`),
    `export interface ${name} {`,
    fields.map(property),
    "}",
    `function read${name}(from: ${name}Decoder): ${name} { return {`,
    fields.map(readField),
    "}; }",
    `function write${name}(into: ${name}Encoder, value: ${name}): void {`,
    fields.map(writeField),
    "}",
  ];
}

/** Emits a message as a plain object, with the functions from and to bytes. */
export function messageObject(message: Message): Source {
  const name = typeName(message.name);
  return [
    message.block.groups.map((group) => groupObject(group, name)),
    objectInterface(name, message.block, sentence(message.description) || `The message ${name}.`),
    doc(`Copies the message under \`from\` into a plain object; reads everything in order.`),
    `export function read${name}(${isEmpty(message.block) ? "_from" : "from"}: ${name}Decoder): ${name} { return ${readBlock(name, message.block)}; }`,
    doc(`Writes \`value\` with an encoder that was wrapped.`),
    isEmpty(message.block)
      ? `export function write${name}(_into: ${name}Encoder, _value: ${name}): void {`
      : `export function write${name}(into: ${name}Encoder, value: ${name}): void {`,
    writeBlock(name, message.block),
    "}",
    doc(
      `Decodes a message, its header counted. Unknown enum values are \`sbe.unknown_enum_value\`; the rest as \`wrap\`.`,
    ),
    `export function decode${name}(bytes: Uint8Array): ${name} {
      return read${name}(new ${name}Decoder().wrap(viewOf(bytes)));
    }`,
    doc(`Encodes a message into bytes of its own, its header counted.`),
    `export function encode${name}(value: ${name}): Uint8Array {
      return encodeMessage(new ${name}Encoder(), (into) => { write${name}(into, value); });
    }`,
  ];
}

function groupObject(group: Group, owner: string): Source {
  const name = `${owner}${typeName(group.name)}`;
  return [
    group.block.groups.map((inner) => groupObject(inner, name)),
    objectInterface(name, group.block, sentence(group.description) || `An entry of ${group.name}.`),
  ];
}

function objectInterface(name: string, block: Block, about: string): Source {
  return [
    doc(about),
    `export interface ${name} {`,
    onTheWire(block.fields).map(property),
    block.groups.map((group) => [
      doc(sentence(group.description) || `The group ${group.name}.`),
      `readonly ${propertyName(group.name)}: readonly ${name}${typeName(group.name)}[];`,
    ]),
    block.data.map((data) => [
      doc(sentence(data.description) || `The data ${data.name}.`),
      `readonly ${propertyName(data.name)}: ${dataKind(data.type)};`,
    ]),
    "}",
  ];
}

function isEmpty(block: Block): boolean {
  return onTheWire(block.fields).length + block.groups.length + block.data.length === 0;
}

function onTheWire(fields: readonly Field[]): Field[] {
  return fields.filter((field) => constantOf(field) === undefined);
}

function property(field: Field): Source {
  const type = propertyType(field.type);
  const name = propertyName(field.name);
  return [
    doc(sentence(field.description) || `The field ${field.name}.`),
    mayBeAbsent(field) ? `readonly ${name}?: ${type} | undefined;` : `readonly ${name}: ${type};`,
  ];
}

function readBlock(owner: string, block: Block): string {
  const parts = [
    ...onTheWire(block.fields).map(readField),
    ...block.groups.map((group) => readGroup(owner, group)),
    ...block.data.map((data) => {
      const call = `from.${methodName(data.name)}()`;
      const value = dataKind(data.type) === "string" ? call : `${call}.slice()`;
      return `${propertyName(data.name)}: ${value},`;
    }),
  ];
  return `{ ${parts.join("\n")} }`;
}

function readGroup(owner: string, group: Group): string {
  const name = `${owner}${typeName(group.name)}`;
  return `${propertyName(group.name)}: Array.from(from.${methodName(group.name)}(),
    (from): ${name} => (${readBlock(name, group.block)})),`;
}

function readField(field: Field): string {
  const name = propertyName(field.name);
  const call = `from.${methodName(field.name)}()`;
  const { type } = field;
  const absent = mayBeAbsent(field);
  if (type.kind === "enum") {
    const check = absent ? "optionalEnum" : "requiredEnum";
    return `${name}: ${check}(${call}, is${typeName(type.name)}, "${field.name}"),`;
  }
  if (type.kind === "composite") {
    const read = `read${typeName(type.name)}`;
    return absent ? `${name}: mapPresent(${call}, ${read}),` : `${name}: ${read}(${call}),`;
  }
  if (isArray(type) && !isText(type)) {
    const read = `(index) => from.${methodName(field.name)}(index)`;
    return `${name}: ${absent ? "copyPresentValues" : "copyValues"}(${type.length}, ${read}),`;
  }
  return `${name}: ${call},`;
}

function writeBlock(owner: string, block: Block): Source {
  return [
    onTheWire(block.fields).map(writeField),
    block.groups.map((group) => writeGroup(owner, group)),
    block.data.map((data) => `into.${methodName(data.name)}(value.${propertyName(data.name)});`),
  ];
}

function writeGroup(owner: string, group: Group): Source {
  const name = methodName(group.name);
  const entries = `value.${propertyName(group.name)}`;
  return [
    `{ const entries = into.${name}(${entries}.length);
       for (const entry of ${entries}) {
         const write = (into: ${owner}${typeName(group.name)}Encoder, value: ${owner}${typeName(group.name)}): void => {`,
    writeBlock(`${owner}${typeName(group.name)}`, group.block),
    "}; write(entries.next(), entry); } }",
  ];
}

function writeField(field: Field): Source {
  const { type } = field;
  const value = `value.${propertyName(field.name)}`;
  const name = methodName(field.name);
  const guarded = (statement: string): string =>
    mayBeAbsent(field) ? `if (${value} !== undefined) { ${statement} }` : statement;
  if (type.kind === "composite") {
    return guarded(`write${typeName(type.name)}(into.${name}(), ${value});`);
  }
  if (isText(type)) return guarded(`into.${name}(${value});`);
  if (isArray(type)) {
    return guarded(
      `eachValue(${value}, ${type.length}, (index, each) => { into.${name}(index, each); });`,
    );
  }
  return field.presence === "optional"
    ? `into.${name}(${value});`
    : guarded(`into.${name}(${value});`);
}
