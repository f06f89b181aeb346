import type { CodecContext } from "./codec.js";
import { EtherError } from "./errors.js";
import type { Ether } from "./ether.js";
import { trimMetadata, type TrimHook } from "./metadata/trim.js";
import { checkClaim } from "./schema/claim.js";
import type { RegisteredSchema } from "./schema/registered-schema.js";

/** How Ethers are made ready to be sent. */
export interface PrepareOptions extends CodecContext {
  /** What trims their metadata; default `defaultTrimHooks`, none for an empty list. §22 */
  readonly trimHooks?: readonly TrimHook[];
}

/**
 * Makes Ethers ready to be sent: checks each against the schema that its message will claim, then trims its metadata on a
 * copy.
 *
 * The schema is that of `schemaKey`, else the newest registered minor of the kind; a kind that `schemas` does not know is
 * not checked. `encodeBodies` does this by itself; whoever calls a codec directly does it before.
 *
 * @throws EtherError `ether.validation`, `ether.kind_mismatch`, `ether.schema_unknown`, `ether.schema_version`,
 * `ether.schema_hash`
 * @see spec/xcp.md §18, §22
 */
export function prepareEthers(
  ethers: readonly Ether[],
  options: PrepareOptions = {},
): readonly Ether[] {
  const { schemaKey, schemas, trimHooks, debug } = options;
  const claimed = schemaKey && schemas?.find(schemaKey);
  return ethers.map((ether) => {
    checkClaim(ether, schemaKey);
    const schema =
      schemaKey === undefined ? schemas?.latest(ether.kind, ether.schemaVersion) : claimed;
    if (schema !== undefined) validateEther(ether, schema);
    return trimMetadata(ether, debug === undefined ? {} : { debug }, trimHooks);
  });
}

/**
 * Checks a payload against its schema.
 *
 * @throws EtherError `ether.validation` listing every problem.
 * @see spec/xcp.md §18
 */
export function validateEther(ether: Ether, schema: RegisteredSchema): void {
  const problems = schema.check(ether.payload);
  if (problems.length === 0) return;
  throw new EtherError("ether.validation", `${schema.name}: ${problems.join("; ")}`, {
    details: { schema: schema.name, problems: problems.length },
  });
}
