import { fnv1a32, holdsMinor, type KindRange, minorsOf } from "@proj/wire-types";
import type { RegisteredSchema } from "../schema/registered-schema.js";
import type { SchemaRegistry } from "../schema/schema-registry.js";

/**
 * Picks the schema of a kind's highest registered minor that one side emits and the other accepts; `undefined` when there
 * is none.
 *
 * @see spec/xcp.md §6
 */
export function agreeSchema(
  schemas: SchemaRegistry,
  kind: { readonly namespace?: string; readonly kind: string; readonly major: number },
  emits: readonly KindRange[],
  accepts: readonly KindRange[],
): RegisteredSchema | undefined {
  const kindId = fnv1a32(kind.kind);
  const own = minorsOf(emits, kindId, kind.major);
  const peer = minorsOf(accepts, kindId, kind.major);
  return schemas
    .versions(kind.kind, kind.major, kind.namespace)
    .findLast(({ minor }) => holdsMinor(own, minor) && holdsMinor(peer, minor));
}
