import { type Element } from "./element.js";
import { schemaProblem } from "./problem.js";
import { type Primitive, PRIMITIVES } from "./primitive.js";
import type { Presence, Value } from "./schema.js";

/** Returns an attribute that must be there. @throws {@link SbeError} `sbe.schema_invalid` */
export function required(element: Element, name: string): string {
  const value = element.attributes.get(name);
  if (value === undefined || value === "") {
    throw schemaProblem(element.line, `<${element.name}> needs the attribute ${name}`);
  }
  return value;
}

/** Returns an attribute that is a whole number from 0 to `max`, or `otherwise` where it is absent. */
export function whole(element: Element, name: string, otherwise: number, max = 65_535): number {
  const text = element.attributes.get(name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max) {
    const where = `${name} of <${element.name}>`;
    throw schemaProblem(element.line, `${where} is "${text}", expected 0 to ${max}`);
  }
  return value;
}

/** Returns the name of an element, which code will bear too. */
export function nameOf(element: Element): string {
  const name = required(element, "name");
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw schemaProblem(element.line, `"${name}" is no name: letters, digits and _ make one`);
  }
  return name;
}

/** Returns the description of an element, or the empty text. */
export function descriptionOf(element: Element): string {
  return (element.attributes.get("description") ?? "").replace(/\s+/g, " ").trim();
}

/** Returns whether the element's value is required, optional or constant. */
export function presenceOf(element: Element, otherwise: Presence): Presence {
  const text = element.attributes.get("presence");
  if (text === undefined) return otherwise;
  if (text === "required" || text === "optional" || text === "constant") return text;
  throw schemaProblem(element.line, `presence is "${text}"`);
}

/** Reads `text` as a value of `primitive`. @throws {@link SbeError} `sbe.schema_invalid` */
export function parseValue(element: Element, text: string, primitive: Primitive): Value {
  const trimmed = text.trim();
  if (primitive === "char") return charCode(element, trimmed);
  const { big } = PRIMITIVES[primitive];
  if (primitive === "float" || primitive === "double") {
    const value = Number(trimmed);
    if (trimmed !== "" && (trimmed === "NaN" || !Number.isNaN(value))) return value;
  } else if (/^-?(\d+|0x[0-9a-fA-F]+)$/.test(trimmed)) {
    const value = trimmed.startsWith("-") ? -BigInt(trimmed.slice(1)) : BigInt(trimmed);
    if (inRange(value, primitive)) return big ? value : Number(value);
  }
  throw schemaProblem(element.line, `"${trimmed}" is no value of ${primitive}`);
}

function charCode(element: Element, text: string): number {
  const code = /^\d{2,3}$/.test(text) ? Number(text) : text.charCodeAt(0);
  if (code >= 0 && code <= 255) return code;
  throw schemaProblem(element.line, `"${text}" is no character`);
}

function inRange(value: bigint, primitive: Primitive): boolean {
  const bits = PRIMITIVES[primitive].size * 8;
  return primitive.startsWith("u")
    ? BigInt.asUintN(bits, value) === value
    : BigInt.asIntN(bits, value) === value;
}
