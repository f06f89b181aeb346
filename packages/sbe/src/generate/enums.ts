import type { EnumType, SetType } from "../schema/schema.js";
import { doc, sentence, type Source } from "./lines.js";
import { typeName } from "./names.js";

/** Emits an enum: the numbers by name, their type, and the check of a number from the wire. */
export function enumSource(type: EnumType): Source {
  const name = typeName(type.name);
  const numbers = type.values.map(({ value }) => value);
  return [
    doc(sentence(type.description) || `The values of ${name}.`),
    `export const ${name} = {`,
    type.values.map((value) => [
      value.description === "" ? undefined : doc(sentence(value.description)),
      `${value.name}: ${value.value},`,
    ]),
    "} as const;",
    doc(`One of the values of \`${name}\`.`),
    `export type ${name} = (typeof ${name})[keyof typeof ${name}];`,
    doc("Tells whether a number from the wire is one of them."),
    `export function is${name}(value: number): value is ${name} {
      return ${numbers.map((number) => `value === ${number}`).join(" || ") || "false"};
    }`,
  ];
}

/** Emits a set: the bits by name. */
export function setSource(type: SetType): Source {
  const name = typeName(type.name);
  const big = type.primitive === "uint64";
  return [
    doc(sentence(type.description) || `The bits of ${name}.`),
    `export const ${name} = {`,
    type.choices.map((choice) => [
      choice.description === "" ? undefined : doc(sentence(choice.description)),
      `${choice.name}: ${big ? `${1n << BigInt(choice.bit)}n` : String(2 ** choice.bit)},`,
    ]),
    "} as const;",
  ];
}
