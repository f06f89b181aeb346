import type { Primitive } from "./primitive.js";

/** Whether a value is always there, may be null, or is fixed by the schema. */
export type Presence = "required" | "optional" | "constant";

/** A number as the schema writes it: `bigint` for 64-bit types. */
export type Value = bigint | number;

/** One value or a fixed-length array of a primitive type. */
export interface EncodedType {
  readonly kind: "encoded";
  readonly name: string;
  readonly primitive: Primitive;
  /** How many values; 1 is no array, and 0 is the variable part of a data composite. */
  readonly length: number;
  readonly presence: Presence;
  readonly nullValue: Value;
  /** The largest value, where the schema limits it. */
  readonly maxValue?: Value;
  /** The value of a constant; text for `char`. */
  readonly constant?: Value | string;
  /** How characters are encoded, in capitals: `UTF-8`, `US-ASCII`. */
  readonly characterEncoding?: string;
  readonly description: string;
}

/** One name of an enum. */
export interface EnumValue {
  readonly name: string;
  readonly value: number;
  readonly description: string;
}

/** A closed set of numbers with names. */
export interface EnumType {
  readonly kind: "enum";
  readonly name: string;
  readonly primitive: Primitive;
  readonly nullValue: number;
  readonly values: readonly EnumValue[];
  readonly description: string;
}

/** One bit of a set. */
export interface Choice {
  readonly name: string;
  readonly bit: number;
  readonly description: string;
}

/** A bit set. */
export interface SetType {
  readonly kind: "set";
  readonly name: string;
  readonly primitive: Primitive;
  readonly choices: readonly Choice[];
  readonly description: string;
}

/** A type inside a composite. */
export interface Member {
  readonly name: string;
  readonly offset: number;
  readonly type: Type;
  readonly sinceVersion: number;
}

/** Types side by side. */
export interface CompositeType {
  readonly kind: "composite";
  readonly name: string;
  readonly members: readonly Member[];
  /** Bytes of all members. */
  readonly size: number;
  readonly description: string;
}

/** Any type of a schema. */
export type Type = EncodedType | EnumType | SetType | CompositeType;

/** A field of a block. */
export interface Field {
  readonly name: string;
  readonly id: number;
  readonly offset: number;
  readonly type: Type;
  readonly presence: Presence;
  /** The value of a constant enum field. */
  readonly constant?: Value;
  readonly sinceVersion: number;
  readonly description: string;
}

/** A repeating group. */
export interface Group {
  readonly name: string;
  readonly id: number;
  readonly dimensions: CompositeType;
  readonly block: Block;
  readonly sinceVersion: number;
  readonly description: string;
}

/** A field of variable length. */
export interface Data {
  readonly name: string;
  readonly id: number;
  /** The length, and the bytes behind it. */
  readonly type: CompositeType;
  readonly sinceVersion: number;
  readonly description: string;
}

/** Fields, groups and data: what a message and a group entry are made of. */
export interface Block {
  /** Bytes of the fields. */
  readonly blockLength: number;
  readonly fields: readonly Field[];
  readonly groups: readonly Group[];
  readonly data: readonly Data[];
}

/** One message of a schema. */
export interface Message {
  readonly name: string;
  readonly id: number;
  readonly block: Block;
  readonly description: string;
}

/** A schema, resolved: every name is replaced by what it names, every offset is known. */
export interface Schema {
  readonly package: string;
  readonly id: number;
  readonly version: number;
  readonly semanticVersion: string;
  readonly little: boolean;
  readonly header: CompositeType;
  readonly types: ReadonlyMap<string, Type>;
  readonly messages: readonly Message[];
  readonly description: string;
}
