import { descriptionOf, nameOf, presenceOf, required, whole } from "./attributes.js";
import { type Element, parseElements } from "./element.js";
import { schemaProblem } from "./problem.js";
import type { Block, CompositeType, Data, Field, Group, Message, Schema, Type } from "./schema.js";
import { sizeOf, TypeRegistry, unique } from "./type-registry.js";

/** Levels of groups in groups. */
const MAX_GROUP_DEPTH = 8;

/** How a schema is read. */
export interface ParseOptions {
  /** Returns the text of a file that the schema includes (`<xi:include href>`); without it, none may be included. */
  readonly include?: (href: string) => string;
}

/**
 * Reads an SBE message schema from XML and resolves all names and offsets.
 *
 * @throws SbeError `sbe.schema_invalid`, naming the line.
 */
export function parseSchema(xml: string, options: ParseOptions = {}): Schema {
  const root = parseElements(xml);
  if (root.name !== "messageSchema") {
    throw schemaProblem(root.line, `<${root.name}> is no <messageSchema>`);
  }
  const types = new TypeRegistry();
  for (const element of included(root, options)) {
    if (element.name === "types") for (const type of element.children) types.add(type);
  }
  const messages = root.children
    .filter(({ name }) => name === "message")
    .map((element) => parseMessage(element, types));
  unique(root, messages, ({ name }) => name);
  unique(root, messages, ({ id }) => id);
  return {
    package: root.attributes.get("package") ?? "",
    id: whole(root, "id", 0),
    version: whole(root, "version", 0),
    semanticVersion: root.attributes.get("semanticVersion") ?? "",
    little: byteOrder(root),
    header: composite(root, types, root.attributes.get("headerType") ?? "messageHeader"),
    types: types.all(),
    messages,
    description: descriptionOf(root),
  };
}

function byteOrder(root: Element): boolean {
  const order = root.attributes.get("byteOrder") ?? "littleEndian";
  if (order === "littleEndian" || order === "bigEndian") return order === "littleEndian";
  throw schemaProblem(root.line, `byteOrder is "${order}"`);
}

function included(root: Element, options: ParseOptions): Element[] {
  return root.children.map((child) => {
    if (child.name !== "include") return child;
    const href = required(child, "href");
    if (options.include === undefined) {
      throw schemaProblem(child.line, `${href} is included, and this reader includes nothing`);
    }
    return parseElements(options.include(href));
  });
}

function composite(user: Element, types: TypeRegistry, name: string): CompositeType {
  const type = types.find(name, user);
  if (type.kind === "composite") return type;
  throw schemaProblem(user.line, `${name} is no composite`);
}

function parseMessage(element: Element, types: TypeRegistry): Message {
  return {
    name: nameOf(element),
    id: whole(element, "id", 0),
    block: parseBlock(element, types, 0),
    description: descriptionOf(element),
  };
}

function parseBlock(element: Element, types: TypeRegistry, depth: number): Block {
  if (depth > MAX_GROUP_DEPTH) throw schemaProblem(element.line, "groups nest too deeply");
  checkOrder(element);
  const fields: Field[] = [];
  let size = 0;
  for (const child of of(element, "field")) {
    const field = parseField(child, types, size);
    fields.push(field);
    if (field.presence !== "constant") size = field.offset + sizeOf(field.type);
  }
  const blockLength = whole(element, "blockLength", size);
  if (blockLength < size) {
    throw schemaProblem(element.line, `blockLength ${blockLength}, the fields need ${size}`);
  }
  const groups = of(element, "group").map((child) => parseGroup(child, types, depth));
  const data = of(element, "data").map((child) => parseData(child, types));
  unique(element, [...fields, ...groups, ...data], ({ name }) => name);
  return { blockLength, fields, groups, data };
}

function of(element: Element, name: string): Element[] {
  return element.children.filter((child) => child.name === name);
}

// The wire order is fields, groups, data; a schema that says otherwise would mislead its reader.
function checkOrder(element: Element): void {
  const rank = new Map([
    ["field", 0],
    ["group", 1],
    ["data", 2],
  ]);
  let last = 0;
  for (const child of element.children) {
    const current = rank.get(child.name);
    if (current === undefined) throw schemaProblem(child.line, `<${child.name}> has no place here`);
    if (current < last) {
      throw schemaProblem(child.line, "fields come first, then groups, then data");
    }
    last = current;
  }
}

function parseField(element: Element, types: TypeRegistry, at: number): Field {
  const type = types.find(required(element, "type"), element);
  const inherited = type.kind === "encoded" ? type.presence : "required";
  const presence = presenceOf(element, inherited);
  const constant = fieldConstant(element, types, type, presence);
  const offset = whole(element, "offset", at);
  if (offset < at && presence !== "constant") {
    throw schemaProblem(element.line, `offset ${offset} lies inside what ends at ${at}`);
  }
  return {
    name: nameOf(element),
    id: whole(element, "id", 0),
    offset,
    type,
    presence,
    ...(constant === undefined ? {} : { constant }),
    sinceVersion: whole(element, "sinceVersion", 0),
    description: descriptionOf(element),
  };
}

function fieldConstant(
  element: Element,
  types: TypeRegistry,
  type: Type,
  presence: string,
): number | undefined {
  if (presence !== "constant") return undefined;
  const reference = element.attributes.get("valueRef");
  if (reference !== undefined) return types.enumValue(reference, element);
  if (type.kind === "encoded" && type.constant !== undefined) return undefined;
  throw schemaProblem(element.line, "a constant field needs valueRef or a constant type");
}

function parseGroup(element: Element, types: TypeRegistry, depth: number): Group {
  const name = element.attributes.get("dimensionType") ?? "groupSizeEncoding";
  return {
    name: nameOf(element),
    id: whole(element, "id", 0),
    dimensions: composite(element, types, name),
    block: parseBlock(element, types, depth + 1),
    sinceVersion: whole(element, "sinceVersion", 0),
    description: descriptionOf(element),
  };
}

function parseData(element: Element, types: TypeRegistry): Data {
  return {
    name: nameOf(element),
    id: whole(element, "id", 0),
    type: composite(element, types, required(element, "type")),
    sinceVersion: whole(element, "sinceVersion", 0),
    description: descriptionOf(element),
  };
}
