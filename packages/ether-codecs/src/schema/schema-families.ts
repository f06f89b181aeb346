import { fnv1a32, kindIdsOf, type SchemaKey } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import type { RegisteredSchema } from "./registered-schema.js";

/** The namespace of the four standard kinds. spec/xcp.md §2 */
export const STANDARD_NAMESPACE = "xcp.std";

const STANDARD_HASH = fnv1a32(STANDARD_NAMESPACE);

/** All versions of one kind in one namespace. */
export interface Family {
  readonly namespace: string;
  readonly kind: string;
  readonly nsHash: number;
  readonly kindId: number;
  readonly schemas: RegisteredSchema[];
}

/** Knows kinds by name and by the numbers of a header. spec/xcp.md §18 */
export class SchemaFamilies {
  readonly #families = new Map<string, Family>();
  readonly #byKindId = new Map<number, readonly Family[]>();

  /** Every kind, in order of registration. */
  get all(): Iterable<Family> {
    return this.#families.values();
  }

  /** Finds a kind by name: without a namespace in `xcp.std`, then in the only other one that has it. */
  named(kind: string, namespace: string | undefined): Family | undefined {
    if (namespace !== undefined) return this.#families.get(`${namespace}:${kind}`);
    const standard = this.#families.get(`${STANDARD_NAMESPACE}:${kind}`);
    if (standard !== undefined) return standard;
    const all = [...this.#families.values()].filter((family) => family.kind === kind);
    return all.length === 1 ? all[0] : undefined;
  }

  /**
   * Finds the kind that a header claims. nsHash 0 means `xcp.std`, then any namespace.
   *
   * @throws EtherError `ether.schema_unknown`
   */
  resolve(key: SchemaKey): Family {
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

  /**
   * Gives the family of a new schema, made if need be; it is not kept before {@link SchemaFamilies.keep}.
   *
   * @throws EtherError `ether.schema_unknown` for a name that shares its fnv1a32 with another
   */
  familyFor(namespace: string, kind: string): Family {
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

  /** Keeps a family that has its first schema, and adds a schema to it. */
  keep(family: Family, schema: RegisteredSchema): void {
    const label = `${family.namespace}:${family.kind}`;
    if (!this.#families.has(label)) {
      this.#families.set(label, family);
      const sameId = this.#byKindId.get(family.kindId) ?? [];
      this.#byKindId.set(family.kindId, [...sameId, family]);
    }
    family.schemas.push(schema);
    family.schemas.sort((a, b) => a.major - b.major || a.minor - b.minor);
  }
}

/** Finds the versions of a major just before and after a minor. */
export function neighbours(
  family: Family,
  major: number,
  minor: number,
): readonly RegisteredSchema[] {
  const same = family.schemas.filter((schema) => schema.major === major);
  const before = same.findLast((schema) => schema.minor < minor);
  const after = same.find((schema) => schema.minor > minor);
  return [before, after].filter((schema) => schema !== undefined);
}
