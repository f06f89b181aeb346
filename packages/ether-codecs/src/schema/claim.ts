import { matchesKind, type SchemaKey } from "@proj/wire-types";
import type { CodecContext } from "../codec.js";
import { EtherError } from "../errors.js";
import type { Ether } from "../ether.js";

/**
 * Gives the schema key that a body of `ether` claims, ready to be spread into an `EncodedBody`: the caller's, else that
 * of the newest registered minor, else none.
 */
export function claimedKey(ether: Ether, context: CodecContext): { schemaKey?: SchemaKey } {
  const key = context.schemaKey ?? context.schemas?.latest(ether.kind, ether.schemaVersion)?.key;
  return key === undefined ? {} : { schemaKey: key };
}

/**
 * Checks that an Ether is what its header claims.
 *
 * @throws EtherError `ether.kind_mismatch` when kindId is not the hash of the kind (or a published alias of it), or
 * schema_version is not the key's major.
 * @see spec/xcp.md §13
 */
export function checkClaim(ether: Ether, key: SchemaKey | undefined): void {
  if (key === undefined || key.kindId === 0) return;
  if (!matchesKind(key.kindId, ether.kind)) {
    throw new EtherError(
      "ether.kind_mismatch",
      `kind ${JSON.stringify(ether.kind)} under kindId 0x${key.kindId.toString(16)}`,
    );
  }
  if (ether.schemaVersion !== key.major) {
    throw new EtherError(
      "ether.kind_mismatch",
      `schema_version ${ether.schemaVersion} under major ${key.major}`,
    );
  }
}
