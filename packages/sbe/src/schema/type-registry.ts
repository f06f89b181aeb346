import { descriptionOf, nameOf, parseValue, presenceOf, required, whole } from "./attributes.js";
import { type Element } from "./element.js";
import { asPrimitive, type Primitive, PRIMITIVES } from "./primitive.js";
import { schemaProblem } from "./problem.js";
import type {
  Choice,
  CompositeType,
  EncodedType,
  EnumType,
  EnumValue,
  Member,
  SetType,
  Type,
} from "./schema.js";

/** Bytes that a fixed-length array may have: a block has no more. */
const MAX_ARRAY = 65_535;

/**
 * The types of a schema, resolved when they are first named, so that their order in the file does not matter.
 */
export class TypeRegistry {
  readonly #elements = new Map<string, Element>();
  readonly #types = new Map<string, Type>();
  readonly #resolving = new Set<string>();

  /** Takes the elements inside `<types>`. @throws {@link SbeError} `sbe.schema_invalid` for a name given twice. */
  add(element: Element): void {
    const name = nameOf(element);
    if (this.#elements.has(name)) {
      throw schemaProblem(element.line, `the type ${name} is declared twice`);
    }
    this.#elements.set(name, element);
  }

  /** Resolves every type and returns them by name. */
  all(): ReadonlyMap<string, Type> {
    for (const [name, element] of this.#elements) this.find(name, element);
    return this.#types;
  }

  /** Returns the type `name`, or the primitive of that name; `user` is the element that names it. */
  find(name: string, user: Element): Type {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const element = this.#elements.get(name);
    if (element === undefined) return primitiveType(name, user);
    if (this.#resolving.has(name)) throw schemaProblem(user.line, `the type ${name} holds itself`);
    this.#resolving.add(name);
    const type = this.#resolve(element);
    this.#resolving.delete(name);
    this.#types.set(name, type);
    return type;
  }

  #resolve(element: Element): Type {
    switch (element.name) {
      case "type":
        return this.#encoded(element);
      case "enum":
        return this.#enum(element);
      case "set":
        return this.#set(element);
      case "composite":
        return this.#composite(element);
      default:
        throw schemaProblem(element.line, `<${element.name}> is no type`);
    }
  }

  #encoded(element: Element): EncodedType {
    const primitive = this.#primitive(element, required(element, "primitiveType"));
    const presence = presenceOf(element, "required");
    const text = element.attributes.get("nullValue");
    const max = element.attributes.get("maxValue");
    const encoding = element.attributes.get("characterEncoding");
    const constant = presence === "constant" ? this.#constant(element, primitive) : undefined;
    return {
      kind: "encoded",
      name: nameOf(element),
      primitive,
      length: typeof constant === "string" ? 1 : whole(element, "length", 1, MAX_ARRAY),
      presence,
      nullValue:
        text === undefined ? PRIMITIVES[primitive].nullValue : parseValue(element, text, primitive),
      ...(max === undefined ? {} : { maxValue: parseValue(element, max, primitive) }),
      ...(constant === undefined ? {} : { constant }),
      ...(encoding === undefined ? {} : { characterEncoding: encoding.toUpperCase() }),
      description: descriptionOf(element),
    };
  }

  #constant(element: Element, primitive: Primitive): number | bigint | string {
    const reference = element.attributes.get("valueRef");
    if (reference !== undefined) return this.enumValue(reference, element);
    if (element.text === "") throw schemaProblem(element.line, "a constant needs its value");
    if (primitive === "char" && element.text.length > 1) return element.text;
    return parseValue(element, element.text, primitive);
  }

  /** Returns the number that `reference`, `Enum.Name`, stands for. */
  enumValue(reference: string, user: Element): number {
    const [typeName = "", valueName = ""] = reference.split(".");
    const type = this.find(typeName, user);
    const value =
      type.kind === "enum" ? type.values.find(({ name }) => name === valueName) : undefined;
    if (value === undefined) throw schemaProblem(user.line, `there is no value ${reference}`);
    return value.value;
  }

  #enum(element: Element): EnumType {
    const primitive = this.#primitive(element, required(element, "encodingType"));
    if (PRIMITIVES[primitive].big || primitive === "float" || primitive === "double") {
      throw schemaProblem(element.line, `an enum of ${primitive} is not allowed`);
    }
    const values: EnumValue[] = element.children.map((child) => ({
      name: nameOf(child),
      value: Number(parseValue(child, child.text, primitive)),
      description: descriptionOf(child),
    }));
    unique(element, values, ({ name }) => name);
    unique(element, values, ({ value }) => value);
    const text = element.attributes.get("nullValue");
    const nullValue = text === undefined ? undefined : parseValue(element, text, primitive);
    return {
      kind: "enum",
      name: nameOf(element),
      primitive,
      nullValue: Number(nullValue ?? PRIMITIVES[primitive].nullValue),
      values,
      description: descriptionOf(element),
    };
  }

  #set(element: Element): SetType {
    const primitive = this.#primitive(element, required(element, "encodingType"));
    if (!primitive.startsWith("u")) {
      throw schemaProblem(element.line, `a set of ${primitive}: its encoding is unsigned`);
    }
    const bits = PRIMITIVES[primitive].size * 8;
    const choices: Choice[] = element.children.map((child) => ({
      name: nameOf(child),
      bit: this.#bit(child, bits),
      description: descriptionOf(child),
    }));
    unique(element, choices, ({ name }) => name);
    unique(element, choices, ({ bit }) => bit);
    return {
      kind: "set",
      name: nameOf(element),
      primitive,
      choices,
      description: descriptionOf(element),
    };
  }

  #bit(choice: Element, bits: number): number {
    const bit = Number(choice.text);
    if (/^\d+$/.test(choice.text) && bit < bits) return bit;
    throw schemaProblem(choice.line, `"${choice.text}" is no bit of ${bits}`);
  }

  #composite(element: Element): CompositeType {
    const members: Member[] = [];
    let size = 0;
    for (const child of element.children) {
      const type =
        child.name === "ref" ? this.find(required(child, "type"), child) : this.#resolve(child);
      const offset = whole(child, "offset", size);
      if (offset < size) {
        throw schemaProblem(child.line, `offset ${offset} lies inside what ends at ${size}`);
      }
      const sinceVersion = whole(child, "sinceVersion", 0);
      members.push({ name: nameOf(child), offset, type, sinceVersion });
      size = offset + sizeOf(type);
    }
    unique(element, members, ({ name }) => name);
    return {
      kind: "composite",
      name: nameOf(element),
      members,
      size,
      description: descriptionOf(element),
    };
  }

  // An encoding may be a primitive or the name of a type that has one.
  #primitive(user: Element, name: string): Primitive {
    const type = asPrimitive(name) ?? this.find(name, user);
    if (typeof type === "string") return type;
    if (type.kind === "encoded") return type.primitive;
    throw schemaProblem(user.line, `${name} is no primitive type`);
  }
}

/** Bytes that a value of `type` takes in a block; constants take none. */
export function sizeOf(type: Type): number {
  if (type.kind === "composite") return type.size;
  const { size } = PRIMITIVES[type.primitive];
  if (type.kind !== "encoded") return size;
  return type.presence === "constant" ? 0 : size * type.length;
}

function primitiveType(name: string, user: Element): EncodedType {
  const primitive = asPrimitive(name);
  if (primitive === undefined) throw schemaProblem(user.line, `there is no type ${name}`);
  return {
    kind: "encoded",
    name,
    primitive,
    length: 1,
    presence: "required",
    nullValue: PRIMITIVES[primitive].nullValue,
    description: "",
  };
}

/** Refuses two items with the same key. */
export function unique<T>(
  element: Element,
  items: readonly T[],
  key: (item: T) => string | number,
): void {
  const seen = new Set<string | number>();
  for (const item of items) {
    const name = key(item);
    if (seen.has(name)) throw schemaProblem(element.line, `${name} is given twice`);
    seen.add(name);
  }
}
