import { equalBytes, formatHex, type SchemaKey } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import { additiveProblems } from "./additive.js";
import { canonicalJson } from "./canonical-json.js";
import { compileSchema } from "./compile-schema.js";
import type { JsonSchemaObject } from "./json-schema.js";
import { makeSchema, type RegisteredSchema, type SchemaInit } from "./registered-schema.js";
import { type Family, neighbours, SchemaFamilies } from "./schema-families.js";
import { formatSchemaName, parseSchemaName, type SchemaName } from "./schema-name.js";
import { type Sha256, sha256Portable } from "./sha256.js";

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
  readonly #families = new SchemaFamilies();

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
    const family = this.#families.familyFor(namespace, kind);
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
    this.#families.keep(family, schema);
    this.#byName.set(bare, schema);
    this.#byNumbers.set(numbers(family, major, minor), schema);
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
    const family = this.#families.resolve(key);
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
    const family = this.#families.named(kind, namespace);
    return family?.schemas.filter((schema) => schema.major === major) ?? [];
  }

  /** Names the kind that a header's kindId stands for, aliases included; `undefined` when unknown or ambiguous. */
  kindOf(key: SchemaKey): string | undefined {
    if (key.kindId === 0) return undefined;
    try {
      return this.#families.resolve(key).kind;
    } catch {
      return undefined;
    }
  }

  /** Every schema, by namespace and kind in order of registration, versions ascending. */
  get schemas(): readonly RegisteredSchema[] {
    return [...this.#families.all].flatMap((family) => family.schemas);
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

function numbers(family: Family, major: number, minor: number): string {
  return `${family.nsHash}:${family.kindId}:${major}.${minor}`;
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
