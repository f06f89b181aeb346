export { parseSchema, type ParseOptions } from "./schema/parse-schema.js";
export type {
  Block,
  Choice,
  CompositeType,
  Data,
  EncodedType,
  EnumType,
  EnumValue,
  Field,
  Group,
  Member,
  Message,
  Presence,
  Schema,
  SetType,
  Type,
  Value,
} from "./schema/schema.js";
export type { Primitive } from "./schema/primitive.js";
export { generateModule, type GenerateOptions } from "./generate/generate.js";
