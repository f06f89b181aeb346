import type { Block, CompositeType, Data, Field, Group, Message } from "../schema/schema.js";
import { dataConstant, dataKind, dimensionsConstant, lengthSize } from "./framing.js";
import { doc, sentence, type Source } from "./lines.js";
import { constantName, methodName, typeName } from "./names.js";
import {
  constantOf,
  endOf,
  isArray,
  isNull,
  mayBeAbsent,
  numberType,
  place,
  read,
  type ScalarType,
} from "./values.js";

/** Emits the flyweight decoder of a composite. */
export function compositeDecoder(type: CompositeType, little: boolean): Source {
  const fields = memberFields(type);
  return [
    doc(`Reads ${typeName(type.name)} in place.`, sentence(type.description)),
    `export class ${typeName(type.name)}Decoder extends CompositeDecoder {`,
    fields.map((field) => flyweightOf(field)),
    fields.map((field) => getter(field, little)),
    "}",
  ];
}

/** Returns the members of a composite as fields. */
export function memberFields(type: CompositeType): Field[] {
  return type.members.map((member) => ({
    name: member.name,
    id: 0,
    offset: member.offset,
    type: member.type,
    presence: member.type.kind === "encoded" ? member.type.presence : "required",
    sinceVersion: member.sinceVersion,
    description: member.type.description,
  }));
}

/** Emits the flyweight decoders of a message and of its groups. */
export function messageDecoder(message: Message, little: boolean): Source {
  const name = typeName(message.name);
  return [
    message.block.groups.map((group) => groupDecoder(group, name, little)),
    doc(`Reads ${name} in place.`, sentence(message.description)),
    `export class ${name}Decoder extends MessageDecoder {`,
    flyweights(message.block, name),
    doc("Starts on no buffer: call `wrap`."),
    `constructor() { super(${constantName(message.name)}); }`,
    members(message.block, name, little, "lastData"),
    "}",
  ];
}

/** Returns the bytes of a block that must have been written. */
export function minBlock(block: Block): number {
  const ends = block.fields
    .filter((field) => field.presence === "required" && field.sinceVersion === 0)
    .map(endOf);
  return Math.max(0, ...ends);
}

function groupDecoder(group: Group, owner: string, little: boolean): Source {
  const name = `${owner}${typeName(group.name)}`;
  const { block } = group;
  const minTail =
    block.data.reduce((sum, data) => sum + lengthSize(data.type), 0) +
    block.groups.reduce((sum, inner) => sum + inner.dimensions.size, 0);
  const count = block.groups.length + block.data.length;
  return [
    block.groups.map((inner) => groupDecoder(inner, name, little)),
    doc(`Reads the entries of the group ${group.name} in place.`, sentence(group.description)),
    `export class ${name}Decoder extends GroupDecoder {`,
    flyweights(block, name),
    doc("Starts on no buffer: the message lays it."),
    `constructor() {
      super(${dimensionsConstant(group.dimensions)}, ${minBlock(block)}, ${minTail}, ${count});
    }`,
    members(block, name, little, "data"),
    "}",
  ];
}

function flyweights(block: Block, owner: string): Source {
  return [
    block.fields.map((field) => flyweightOf(field)),
    block.groups.map((group) => {
      const type = `${owner}${typeName(group.name)}Decoder`;
      return `readonly #${methodName(group.name)} = new ${type}();`;
    }),
  ];
}

function flyweightOf(field: Field): Source {
  if (field.type.kind !== "composite") return undefined;
  return `readonly #${methodName(field.name)} = new ${typeName(field.type.name)}Decoder();`;
}

function members(block: Block, owner: string, little: boolean, data: "data" | "lastData"): Source {
  return [
    block.fields.map((field) => getter(field, little)),
    block.groups.map((group, ordinal) => groupGetter(group, owner, ordinal)),
    block.data.map((each, index) => dataGetters(each, block.groups.length + index, data)),
    passSource(block, data),
  ];
}

function getter(field: Field, little: boolean): Source {
  const name = methodName(field.name);
  const about = doc(sentence(field.description) || `Returns the field ${field.name}.`);
  const constant = constantOf(field);
  if (constant !== undefined) {
    const type = constant.startsWith('"') ? "string" : constant.endsWith("n") ? "bigint" : "number";
    return [about, `${name}(): ${type} { return ${constant}; }`];
  }
  const { type } = field;
  const absent = mayBeAbsent(field);
  const guard = absent
    ? `if (!this.has(${endOf(field)}, ${field.sinceVersion})) return undefined;`
    : "";
  const or = absent ? " | undefined" : "";
  if (type.kind === "composite") {
    return [
      about,
      `${name}(): ${typeName(type.name)}Decoder${or} { ${guard}
        return this.#${name}.wrap(this.view, ${place(field.offset)}, ${type.size}, this.version);
      }`,
    ];
  }
  if (isArray(type) && type.primitive === "char") {
    return [
      about,
      `${name}(): string${or} { ${guard} return readFixedText(this.view, ${place(field.offset)}, ${type.length}); }`,
    ];
  }
  if (isArray(type)) return [about, arrayGetter(field, type, little, guard, or)];
  return [about, scalarGetter(field, type, little, guard, or), words(field, type, little)];
}

function scalarGetter(
  field: Field,
  type: ScalarType,
  little: boolean,
  guard: string,
  or: string,
): string {
  const name = methodName(field.name);
  const value = read(type, place(field.offset), little);
  if (field.presence !== "optional") {
    return `${name}(): ${numberType(type)}${or} { ${guard} return ${value}; }`;
  }
  return `${name}(): ${numberType(type)} | undefined { ${guard}
    const value = ${value};
    return ${isNull("value", type)} ? undefined : value;
  }`;
}

// A bigint is an allocation; who compares or stores a 64-bit field on a hot path reads two words.
function words(field: Field, type: ScalarType, little: boolean): Source {
  if (numberType(type) !== "bigint" || mayBeAbsent(field)) return undefined;
  const name = methodName(field.name);
  const at = (half: number): string => place(field.offset + half);
  const low = little ? 0 : 4;
  return [
    doc(`Returns the low 32 bits of ${field.name}, unsigned, without making a bigint.`),
    `${name}Low(): number { return this.view.getUint32(${at(low)}, ${little}); }`,
    doc(`Returns the high 32 bits of ${field.name}, unsigned, without making a bigint.`),
    `${name}High(): number { return this.view.getUint32(${at(4 - low)}, ${little}); }`,
  ];
}

function arrayGetter(
  field: Field,
  type: ScalarType & { length: number },
  little: boolean,
  guard: string,
  or: string,
): string {
  const size = (endOf(field) - field.offset) / type.length;
  const at = `${place(field.offset)} + index * ${size}`;
  return `${methodName(field.name)}(index: number): ${numberType(type)}${or} { ${guard}
    checkIndex(index, ${type.length});
    return ${read(type, at, little)};
  }`;
}

function groupGetter(group: Group, owner: string, ordinal: number): Source {
  const name = methodName(group.name);
  return [
    doc(sentence(group.description) || `Starts reading the group ${group.name}.`),
    `${name}(): ${owner}${typeName(group.name)}Decoder {
      this.seek(${ordinal});
      return this.opening(${begin(group)});
    }`,
  ];
}

function begin(group: Group): string {
  const name = `this.#${methodName(group.name)}`;
  const call = `${name}.begin(this.view, this.cursor, this.version)`;
  if (group.sinceVersion === 0) return call;
  const none = `${name}.none(this.view, this.cursor, this.version)`;
  return `this.version < ${group.sinceVersion} ? ${none} : ${call}`;
}

function dataGetters(data: Data, ordinal: number, reader: "data" | "lastData"): Source {
  const name = methodName(data.name);
  const layout = dataConstant(data.type);
  const about = sentence(data.description) || `Returns ${data.name}.`;
  const length = lengthOf(data, reader);
  const bytes = `this.seek(${ordinal}); return this.bytesBefore(${length});`;
  if (dataKind(data.type) === "Uint8Array") {
    return [
      doc(about, "A view into the buffer: copy it before the buffer is reused."),
      `${name}(): Uint8Array { ${bytes} }`,
    ];
  }
  return [
    doc(about),
    `${name}(): string { this.seek(${ordinal}); return this.textBefore(${length}, ${layout}); }`,
    doc(about, "A view into the buffer, instead of the text."),
    `${name}Bytes(): Uint8Array { ${bytes} }`,
  ];
}

function lengthOf(data: Data, reader: "data" | "lastData"): string {
  const call = `this.${reader}(${dataConstant(data.type)})`;
  return data.sinceVersion === 0 ? call : `this.version < ${data.sinceVersion} ? 0 : ${call}`;
}

function passSource(block: Block, reader: "data" | "lastData"): Source {
  const count = block.groups.length;
  const cases = [
    ...block.groups.map(
      (group, ordinal) => `case ${ordinal}: this.opening(${begin(group)}); break;`,
    ),
    ...block.data.map((data, index) => `case ${count + index}: ${passData(data, reader)} break;`),
  ];
  const body = cases.length === 0 ? "" : `switch (ordinal) { ${cases.join("\n")} }`;
  return [
    doc("Goes past a member that nobody reads."),
    `protected override pass(${cases.length === 0 ? "" : "ordinal: number"}): void { ${body} }`,
  ];
}

function passData(data: Data, reader: "data" | "lastData"): string {
  const call = `this.${reader}(${dataConstant(data.type)});`;
  return data.sinceVersion === 0 ? call : `if (this.version >= ${data.sinceVersion}) ${call}`;
}
