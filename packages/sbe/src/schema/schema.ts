import type { Primitive } from "./primitive.js";

/** Whether a value is always there, may be null, or is fixed by the schema. */
export type Presence = "required" | "optional" | "constant";

/** A number as the schema writes it: `bigint` for 64-bit types. */
export type Value = bigint | number;

/** One value or a fixed-length array of a primitive type. */
export interface EncodedType {
  /** Tells the kinds of types apart. */
  readonly kind: "encoded";
  /** How the schema calls it. */
  readonly name: string;
  /** How it lies in bytes. */
  readonly primitive: Primitive;
  /** How many values; 1 is no array, and 0 is the variable part of a data composite. */
  readonly length: number;
  /** Whether it may be null or lies nowhere. */
  readonly presence: Presence;
  /** The value that stands for nothing. */
  readonly nullValue: Value;
  /** The largest value, where the schema limits it. */
  readonly maxValue?: Value;
  /** The value of a constant; text for `char`. */
  readonly constant?: Value | string;
  /** How characters are encoded, in capitals: `UTF-8`, `US-ASCII`. */
  readonly characterEncoding?: string;
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** One name of an enum. */
export interface EnumValue {
  /** How the schema calls it. */
  readonly name: string;
  /** The value on the wire. */
  readonly value: number;
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** A closed set of numbers with names. */
export interface EnumType {
  /** Tells the kinds of types apart. */
  readonly kind: "enum";
  /** How the schema calls it. */
  readonly name: string;
  /** How it lies in bytes. */
  readonly primitive: Primitive;
  /** The value that stands for nothing. */
  readonly nullValue: number;
  /** The values it may have. */
  readonly values: readonly EnumValue[];
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** One bit of a set. */
export interface Choice {
  /** How the schema calls it. */
  readonly name: string;
  /** Which bit it is, 0 for the lowest. */
  readonly bit: number;
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** A bit set. */
export interface SetType {
  /** Tells the kinds of types apart. */
  readonly kind: "set";
  /** How the schema calls it. */
  readonly name: string;
  /** How it lies in bytes. */
  readonly primitive: Primitive;
  /** The bits that have names. */
  readonly choices: readonly Choice[];
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** A type inside a composite. */
export interface Member {
  /** How the schema calls it. */
  readonly name: string;
  /** Bytes from the beginning of the block. */
  readonly offset: number;
  /** What it is. */
  readonly type: Type;
  /** The schema version that brought it. */
  readonly sinceVersion: number;
}

/** Types side by side. */
export interface CompositeType {
  /** Tells the kinds of types apart. */
  readonly kind: "composite";
  /** How the schema calls it. */
  readonly name: string;
  /** Its parts, in order. */
  readonly members: readonly Member[];
  /** Bytes of all members. */
  readonly size: number;
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** Any type of a schema. */
export type Type = EncodedType | EnumType | SetType | CompositeType;

/** A field of a block. */
export interface Field {
  /** How the schema calls it. */
  readonly name: string;
  /** Its number in the schema. */
  readonly id: number;
  /** Bytes from the beginning of the block. */
  readonly offset: number;
  /** What it is. */
  readonly type: Type;
  /** Whether it may be null or lies nowhere. */
  readonly presence: Presence;
  /** The value of a constant enum field. */
  readonly constant?: Value;
  /** The schema version that brought it. */
  readonly sinceVersion: number;
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** A repeating group. */
export interface Group {
  /** How the schema calls it. */
  readonly name: string;
  /** Its number in the schema. */
  readonly id: number;
  /** How its length and count lie. */
  readonly dimensions: CompositeType;
  /** What each entry or message has. */
  readonly block: Block;
  /** The schema version that brought it. */
  readonly sinceVersion: number;
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** A field of variable length. */
export interface Data {
  /** How the schema calls it. */
  readonly name: string;
  /** Its number in the schema. */
  readonly id: number;
  /** The length, and the bytes behind it. */
  readonly type: CompositeType;
  /** The schema version that brought it. */
  readonly sinceVersion: number;
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** Fields, groups and data: what a message and a group entry are made of. */
export interface Block {
  /** Bytes of the fields. */
  readonly blockLength: number;
  /** What lies at fixed places. */
  readonly fields: readonly Field[];
  /** What repeats. */
  readonly groups: readonly Group[];
  /** What has a length of its own. */
  readonly data: readonly Data[];
}

/** One message of a schema. */
export interface Message {
  /** How the schema calls it. */
  readonly name: string;
  /** Its number in the schema. */
  readonly id: number;
  /** What each entry or message has. */
  readonly block: Block;
  /** What the schema says of it; may be absent. */
  readonly description: string;
}

/** A schema, resolved: every name is replaced by what it names, every offset is known. */
export interface Schema {
  /** The namespace. */
  readonly package: string;
  /** Its number in the schema. */
  readonly id: number;
  /** The schema's version. */
  readonly version: number;
  /** The version that people read; may be absent. */
  readonly semanticVersion: string;
  /** Whether numbers are little-endian. */
  readonly little: boolean;
  /** How the message header lies. */
  readonly header: CompositeType;
  /** All types, by name. */
  readonly types: ReadonlyMap<string, Type>;
  /** All messages, in order. */
  readonly messages: readonly Message[];
  /** What the schema says of it; may be absent. */
  readonly description: string;
}
