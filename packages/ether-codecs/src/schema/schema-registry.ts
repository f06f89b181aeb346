import { equalBytes, fnv1a32, formatHex, kindIdsOf, type SchemaKey } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import type { ValueMap } from "../value.js";
import { additiveProblems } from "./additive.js";
import { canonicalJson } from "./canonical-json.js";
import type { Check } from "./check.js";
import { compileSchema } from "./compile-schema.js";
import type { JsonSchemaObject } from "./json-schema.js";
import { ProblemList } from "./problem-list.js";
import { formatSchemaName, parseSchemaName, type SchemaName } from "./schema-name.js";
import { type Sha256, sha256Portable } from "./sha256.js";

/** The namespace of the four standard kinds. spec/xcp.md §2 */
export const STANDARD_NAMESPACE = "xcp.std";

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

/** How a {@link SchemaRegistry} works. */
export interface SchemaRegistryOptions {
  /** The hash function; default a portable one. The Node face passes Node's. */
  readonly sha256?: Sha256;
}

/** Knows schemas by name and by the numbers of a header, both in O(1). spec/xcp.md §18 */
export class SchemaRegistry {
  readonly #sha256: Sha256;
  readonly #byName = new Map<string, RegisteredSchema>();
  readonly #byNumbers = new Map<string, RegisteredSchema>();
  readonly #families = new Map<string, Family>();
  readonly #byKindId = new Map<number, readonly Family[]>();

  /** Starts empty; see `standardSchemas` for one that knows the standard kinds. */
  constructor(options: SchemaRegistryOptions = {}) {
    this.#sha256 = options.sha256 ?? sha256Portable;
  }

  /**
   * Registers a schema after checking its hash, its names and that it adds to its neighbouring minors.
   *
   * @throws EtherError `ether.schema_hash` for another SHA-256 than promised; `ether.schema_version` for a duplicate or a
   * minor that is not additive; `ether.schema_unknown` for a name that shares its fnv1a32 with another.
   * @throws RangeError for a malformed name or schema.
   */
  add(init: SchemaInit): RegisteredSchema {
    const { namespace, kind, major, minor } = init;
    const bare = formatSchemaName({ namespace, kind, major, minor });
    checkName(init, bare);
    const sha256 = this.hash(init.document);
    if (init.sha256 !== undefined && init.sha256.toLowerCase() !== formatHex(sha256)) {
      throw new EtherError(
        "ether.schema_hash",
        `${bare}: SHA-256 is ${formatHex(sha256)}, promised ${init.sha256}`,
      );
    }
    if (this.#byName.has(bare)) {
      throw new EtherError("ether.schema_version", `${bare} is already registered`);
    }
    const family = this.#familyFor(namespace, kind);
    for (const other of neighbours(family, major, minor)) {
      const [older, newer] =
        other.minor < minor ? [other.document, init.document] : [init.document, other.document];
      const problems = additiveProblems(older, newer);
      if (problems.length > 0) {
        throw new EtherError(
          "ether.schema_version",
          `${bare} and ${other.name} are not additive: ${problems.join("; ")}`,
        );
      }
    }
    const schema = makeSchema(init, sha256, compileSchema(init.document));
    this.#keep(schema, family, bare);
    return schema;
  }

  /** Computes the SHA-256 over the canonical form of a document. spec/xcp.md §18 */
  hash(document: JsonSchemaObject): Uint8Array {
    return this.#sha256(new TextEncoder().encode(canonicalJson(document)));
  }

  /**
   * Finds the schema that a header claims; `undefined` for an all-zero key, which claims nothing.
   *
   * nsHash 0 means `xcp.std`, then any namespace. The four published kind numbers count as the standard kinds.
   *
   * @throws EtherError `ether.schema_unknown`, `ether.schema_version` for a kind known only in other versions,
   * `ether.schema_hash`.
   */
  find(key: SchemaKey): RegisteredSchema | undefined {
    if (isZeroKey(key)) return undefined;
    const family = this.#resolve(key);
    const schema = this.#byNumbers.get(numbers(family, key.major, key.minor));
    if (schema === undefined) {
      const known = family.schemas.map(({ major, minor }) => `${major}.${minor}`).join(", ");
      throw new EtherError(
        "ether.schema_version",
        `${family.namespace}:${family.kind} ${key.major}.${key.minor} is unknown, known: ${known}`,
      );
    }
    const claimed = key.hash128;
    if (claimed !== undefined && claimed.some((byte) => byte !== 0)) {
      const own = schema.sha256.subarray(0, 16);
      if (!equalBytes(claimed, own)) {
        throw new EtherError(
          "ether.schema_hash",
          `${schema.name} is claimed with hash ${formatHex(claimed.subarray(0, 16))}`,
        );
      }
    }
    return schema;
  }

  /** Finds a schema by its text form, with or without `@hash128`; `undefined` when it is not known as such. */
  byName(text: string): RegisteredSchema | undefined {
    const name = parseSchemaName(text);
    if (name === undefined) return undefined;
    const { namespace, kind, major, minor, hash128 } = name;
    const schema = this.#byName.get(formatSchemaName({ namespace, kind, major, minor }));
    if (schema === undefined || hash128 === undefined) return schema;
    return equalBytes(hash128, schema.sha256.subarray(0, 16)) ? schema : undefined;
  }

  /**
   * Finds the newest minor of a kind's major: in `namespace`, or in `xcp.std` and then the only other namespace that has
   * it.
   */
  latest(kind: string, major: number, namespace?: string): RegisteredSchema | undefined {
    return this.versions(kind, major, namespace).at(-1);
  }

  /** Lists the minors of a kind's major, ascending; the namespace is found as in {@link SchemaRegistry.latest}. */
  versions(kind: string, major: number, namespace?: string): readonly RegisteredSchema[] {
    const family = this.#familyNamed(kind, namespace);
    return family?.schemas.filter((schema) => schema.major === major) ?? [];
  }

  /** Names the kind that a header's kindId stands for, aliases included; `undefined` when unknown or ambiguous. */
  kindOf(key: SchemaKey): string | undefined {
    if (key.kindId === 0) return undefined;
    try {
      return this.#resolve(key).kind;
    } catch {
      return undefined;
    }
  }

  /** Every schema, by namespace and kind in order of registration, versions ascending. */
  get schemas(): readonly RegisteredSchema[] {
    return [...this.#families.values()].flatMap((family) => family.schemas);
  }

  #familyNamed(kind: string, namespace: string | undefined): Family | undefined {
    if (namespace !== undefined) return this.#families.get(`${namespace}:${kind}`);
    const standard = this.#families.get(`${STANDARD_NAMESPACE}:${kind}`);
    if (standard !== undefined) return standard;
    const all = [...this.#families.values()].filter((family) => family.kind === kind);
    return all.length === 1 ? all[0] : undefined;
  }

  #resolve(key: SchemaKey): Family {
    const families = kindIdsOf(key.kindId).flatMap((id) => this.#byKindId.get(id) ?? []);
    const wanted = key.nsHash === 0 ? STANDARD_HASH : key.nsHash;
    const exact = families.find((family) => family.nsHash === wanted);
    if (exact !== undefined) return exact;
    const [only, second] = families;
    if (key.nsHash === 0 && only !== undefined && second === undefined) return only;
    const what = `kind 0x${key.kindId.toString(16)} in namespace 0x${key.nsHash.toString(16)}`;
    const why = key.nsHash === 0 && second !== undefined ? "is ambiguous" : "is unknown";
    throw new EtherError("ether.schema_unknown", `${what} ${why}`);
  }

  // The family of a new schema, made if need be; nothing is kept before every check has passed.
  #familyFor(namespace: string, kind: string): Family {
    const known = this.#families.get(`${namespace}:${kind}`);
    if (known !== undefined) return known;
    const nsHash = fnv1a32(namespace);
    const kindId = fnv1a32(kind);
    for (const family of this.#families.values()) {
      const collision =
        family.nsHash === nsHash && (family.namespace !== namespace || family.kindId === kindId);
      if (collision) {
        throw new EtherError(
          "ether.schema_unknown",
          `${namespace}:${kind} has the same fnv1a32 as ${family.namespace}:${family.kind}`,
        );
      }
    }
    return { namespace, kind, nsHash, kindId, schemas: [] };
  }

  #keep(schema: RegisteredSchema, family: Family, bare: string): void {
    const label = `${family.namespace}:${family.kind}`;
    if (!this.#families.has(label)) {
      this.#families.set(label, family);
      const sameId = this.#byKindId.get(family.kindId) ?? [];
      this.#byKindId.set(family.kindId, [...sameId, family]);
    }
    family.schemas.push(schema);
    family.schemas.sort((a, b) => a.major - b.major || a.minor - b.minor);
    this.#byName.set(bare, schema);
    this.#byNumbers.set(numbers(family, schema.major, schema.minor), schema);
  }
}

/** Tells whether a key claims nothing. spec/xcp.md §18 */
export function isZeroKey(key: SchemaKey): boolean {
  return (
    key.nsHash === 0 &&
    key.kindId === 0 &&
    key.major === 0 &&
    key.minor === 0 &&
    (key.hash128 === undefined || key.hash128.every((byte) => byte === 0))
  );
}

const STANDARD_HASH = fnv1a32(STANDARD_NAMESPACE);

// All versions of one kind in one namespace.
interface Family {
  readonly namespace: string;
  readonly kind: string;
  readonly nsHash: number;
  readonly kindId: number;
  readonly schemas: RegisteredSchema[];
}

function numbers(family: Family, major: number, minor: number): string {
  return `${family.nsHash}:${family.kindId}:${major}.${minor}`;
}

function neighbours(family: Family, major: number, minor: number): readonly RegisteredSchema[] {
  const same = family.schemas.filter((schema) => schema.major === major);
  const before = same.findLast((schema) => schema.minor < minor);
  const after = same.find((schema) => schema.minor > minor);
  return [before, after].filter((schema) => schema !== undefined);
}

function checkName(init: SchemaName, bare: string): void {
  const parsed = parseSchemaName(bare);
  const kindBytes = new TextEncoder().encode(init.kind).length;
  const exact =
    parsed !== undefined &&
    parsed.namespace === init.namespace &&
    parsed.kind === init.kind &&
    parsed.major === init.major &&
    parsed.minor === init.minor;
  if (!exact || init.major < 1 || kindBytes > 128) {
    throw new RangeError(`${bare} is no schema name: ns:kind:major.minor, major 1..65535`);
  }
}

function makeSchema(init: SchemaInit, sha256: Uint8Array, compiled: Check): RegisteredSchema {
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
