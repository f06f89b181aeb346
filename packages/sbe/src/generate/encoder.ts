import type { Block, CompositeType, Data, Field, Group, Message } from "../schema/schema.js";
import { memberFields } from "./decoder.js";
import { dataConstant, dataKind, dimensionsConstant } from "./framing.js";
import { doc, type Source } from "./lines.js";
import { constantName, methodName, typeName } from "./names.js";
import {
  constantOf,
  endOf,
  isArray,
  literal,
  nullOf,
  numberType,
  place,
  type ScalarType,
  write,
} from "./values.js";

/** Emits the flyweight encoder of a composite. */
export function compositeEncoder(type: CompositeType, little: boolean): Source {
  const fields = memberFields(type);
  return [
    doc(`Writes ${typeName(type.name)} in place; each setter returns the encoder.`),
    `export class ${typeName(type.name)}Encoder extends CompositeEncoder {`,
    fields.map((field) => flyweightOf(field)),
    fields.map((field) => setter(field, little)),
    clearSource(fields, type.size, little, ""),
    "}",
  ];
}

/** Emits the flyweight encoders of a message and of its groups. */
export function messageEncoder(message: Message, little: boolean): Source {
  const name = typeName(message.name);
  return [
    message.block.groups.map((group) => groupEncoder(group, name, little)),
    doc(`Writes ${name} in place; each setter returns the encoder.`),
    `export class ${name}Encoder extends MessageEncoder {`,
    flyweights(message.block, name),
    doc("Starts on no buffer: call `wrap`."),
    `constructor() { super(${constantName(message.name)}); }`,
    members(message.block, name, little),
    "}",
  ];
}

function groupEncoder(group: Group, owner: string, little: boolean): Source {
  const name = `${owner}${typeName(group.name)}`;
  const { block } = group;
  return [
    block.groups.map((inner) => groupEncoder(inner, name, little)),
    doc(`Writes the entries of the group ${group.name}: \`next()\` before each one.`),
    `export class ${name}Encoder extends GroupEncoder {`,
    flyweights(block, name),
    doc("Starts on no buffer: the message lays it."),
    `constructor() {
      super({ dimensions: ${dimensionsConstant(group.dimensions)}, blockLength: ${block.blockLength},
        groups: ${block.groups.length}, data: ${block.data.length} });
    }`,
    members(block, name, little),
    "}",
  ];
}

function flyweights(block: Block, owner: string): Source {
  return [
    block.fields.map((field) => flyweightOf(field)),
    block.groups.map((group) => {
      const type = `${owner}${typeName(group.name)}Encoder`;
      return `readonly #${methodName(group.name)} = new ${type}();`;
    }),
  ];
}

function flyweightOf(field: Field): Source {
  if (field.type.kind !== "composite") return undefined;
  return `readonly #${methodName(field.name)} = new ${typeName(field.type.name)}Encoder();`;
}

function members(block: Block, owner: string, little: boolean): Source {
  return [
    block.fields.map((field) => setter(field, little)),
    block.groups.map((group, ordinal) => groupSetter(group, owner, ordinal)),
    block.data.map((data, index) => dataSetter(data, block.groups.length + index)),
    clearSource(block.fields, block.blockLength, little, "override "),
    leaveOutSource(block),
  ];
}

function setter(field: Field, little: boolean): Source {
  if (constantOf(field) !== undefined) return undefined;
  const name = methodName(field.name);
  const { type } = field;
  if (type.kind === "composite") {
    return [
      doc(`Returns the encoder of ${field.name}.`),
      `${name}(): ${typeName(type.name)}Encoder {
        return this.#${name}.wrap(this.view, ${place(field.offset)});
      }`,
    ];
  }
  if (isArray(type) && type.primitive === "char") {
    return [
      doc(`Sets ${field.name}, at most ${type.length} characters, with zeros behind them.`),
      `${name}(text: string): this {
        writeFixedText(this.view, ${place(field.offset)}, ${type.length}, text);
        return this;
      }`,
    ];
  }
  if (isArray(type)) return arraySetter(field, type, little);
  return scalarSetter(field, type, little);
}

function arraySetter(field: Field, type: ScalarType & { length: number }, little: boolean): Source {
  const size = (endOf(field) - field.offset) / type.length;
  const at = `${place(field.offset)} + index * ${size}`;
  return [
    doc(`Sets one of the ${type.length} values of ${field.name}.`),
    `${methodName(field.name)}(index: number, value: ${numberType(type)}): this {
      checkIndex(index, ${type.length});
      ${write(type, at, "value", little)}
      return this;
    }`,
  ];
}

function scalarSetter(field: Field, type: ScalarType, little: boolean): Source {
  const name = methodName(field.name);
  const optional = field.presence === "optional";
  const value = optional ? `value ?? ${literal(nullOf(type))}` : "value";
  const argument = `${numberType(type)}${optional ? " | undefined" : ""}`;
  return [
    doc(`Sets ${field.name}${optional ? "; `undefined` is null" : ""}.`),
    `${name}(value: ${argument}): this {
      ${write(type, place(field.offset), value, little)}
      return this;
    }`,
    words(field, type, little),
  ];
}

function words(field: Field, type: ScalarType, little: boolean): Source {
  if (numberType(type) !== "bigint") return undefined;
  const low = little ? 0 : 4;
  return [
    doc(`Sets ${field.name} from its two halves of 32 bits, without a bigint.`),
    `${methodName(field.name)}Words(low: number, high: number): this {
      this.view.setUint32(${place(field.offset + low)}, low, ${little});
      this.view.setUint32(${place(field.offset + 4 - low)}, high, ${little});
      return this;
    }`,
  ];
}

function groupSetter(group: Group, owner: string, ordinal: number): Source {
  const name = methodName(group.name);
  return [
    doc(`Starts the group ${group.name} with \`entries\` entries.`),
    `${name}(entries: number): ${owner}${typeName(group.name)}Encoder {
      this.seek(${ordinal});
      return this.opening(this.#${name}.begin(this.view, this.cursor, entries));
    }`,
  ];
}

function dataSetter(data: Data, ordinal: number): Source {
  const name = methodName(data.name);
  const layout = dataConstant(data.type);
  const bytes = [
    doc(`Writes the bytes of ${data.name}.`),
    `${dataKind(data.type) === "string" ? `${name}Bytes` : name}(bytes: Uint8Array): this {
      this.seek(${ordinal});
      this.writeBytes(bytes, ${layout});
      return this;
    }`,
  ];
  if (dataKind(data.type) === "Uint8Array") return bytes;
  return [
    doc(`Writes ${data.name}.`),
    `${name}(text: string): this {
      this.seek(${ordinal});
      this.writeText(text, ${layout});
      return this;
    }`,
    bytes,
  ];
}

function clearSource(
  fields: readonly Field[],
  size: number,
  little: boolean,
  override: string,
): Source {
  const nulls = fields.map((field) => {
    const { type } = field;
    if (type.kind === "composite")
      return `this.#${methodName(field.name)}.wrap(this.view, ${place(field.offset)}).clear();`;
    if (field.presence !== "optional" || isArray(type)) return undefined;
    return write(type, place(field.offset), literal(nullOf(type)), little);
  });
  return [
    doc("Sets every field to null, or to zero where it has no null."),
    `${override}clear(): void { ${size === 0 ? "" : `clearBytes(this.view, this.at, ${size});`}`,
    nulls,
    "}",
  ];
}

function leaveOutSource(block: Block): Source {
  const count = block.groups.length;
  const cases = [
    ...block.groups.map(
      (group, ordinal) =>
        `case ${ordinal}: this.#${methodName(group.name)}.begin(this.view, this.cursor, 0); break;`,
    ),
    ...block.data.map(
      (data, index) =>
        `case ${count + index}: this.writeBytes(NO_BYTES, ${dataConstant(data.type)}); break;`,
    ),
  ];
  const parameter = cases.length === 0 ? "" : "ordinal: number";
  const body = cases.length === 0 ? "" : ` switch (ordinal) { ${cases.join("\n")} } `;
  return [
    doc("Writes a member that nobody wrote as empty."),
    `protected override leaveOut(${parameter}): void {${body}}`,
  ];
}
