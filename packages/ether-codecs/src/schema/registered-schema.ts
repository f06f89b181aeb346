import { fnv1a32, type SchemaKey } from "@proj/wire-types";
import type { ValueMap } from "../value.js";
import type { Check } from "./check.js";
import type { JsonSchemaObject } from "./json-schema.js";
import { ProblemList } from "./problem-list.js";
import { formatSchemaName } from "./schema-name.js";

/** A schema that waits to be registered. */
export interface SchemaInit {
  /** Who defines the kind; without `:` and `@`. */
  readonly namespace: string;
  /** What is described, 1..128 bytes, without `:` and `@`. */
  readonly kind: string;
  /** 1..65535. */
  readonly major: number;
  /** 0..65535. */
  readonly minor: number;
  /** The schema of the payload. */
  readonly document: JsonSchemaObject;
  /** What the SHA-256 over the canonical document must be, in lowercase hex. */
  readonly sha256?: string;
  /** Rules of the payload that JSON Schema cannot say. */
  readonly rules?: (payload: ValueMap, problems: ProblemList) => void;
}

/** A schema that a registry knows. */
export interface RegisteredSchema {
  /** See {@link SchemaInit.namespace}. */
  readonly namespace: string;
  /** See {@link SchemaInit.kind}. */
  readonly kind: string;
  /** See {@link SchemaInit.major}. */
  readonly major: number;
  /** See {@link SchemaInit.minor}. */
  readonly minor: number;
  /** What a header says to claim this schema, hash included. */
  readonly key: SchemaKey;
  /** `ns:kind:major.minor@hash128`. */
  readonly name: string;
  /** The JSON Schema of the payload. */
  readonly document: JsonSchemaObject;
  /** SHA-256 over the canonical document, 32 bytes. */
  readonly sha256: Uint8Array;
  /** Lists what is wrong with a payload, each line with the JSON Pointer to it; empty when it fits. */
  check(payload: ValueMap): readonly string[];
}

/** Makes what a registry knows of a schema whose checks have passed. */
export function makeSchema(
  init: SchemaInit,
  sha256: Uint8Array,
  compiled: Check,
): RegisteredSchema {
  const { namespace, kind, major, minor, document, rules } = init;
  const hash128 = sha256.slice(0, 16);
  return {
    namespace,
    kind,
    major,
    minor,
    document,
    sha256,
    key: { nsHash: fnv1a32(namespace), kindId: fnv1a32(kind), major, minor, hash128 },
    name: formatSchemaName({ namespace, kind, major, minor, hash128 }),
    check(payload: ValueMap): readonly string[] {
      const problems = new ProblemList();
      compiled(payload, problems);
      if (problems.count === 0) rules?.(payload, problems);
      return problems.list();
    },
  };
}
