import { assembleEther } from "../assemble-ether.js";
import type { CodecContext, Tag } from "../codec.js";
import { shapeOf } from "../elements.js";
import { EtherError } from "../errors.js";
import { type Ether, NO_VALUES } from "../ether.js";
import { resolveEtherLimits } from "../limits.js";
import { tagProblem } from "../metadata/tag-fit.js";
import { claimedKey } from "../schema/claim.js";
import type { SchemaRegistry } from "../schema/schema-registry.js";
import { standardSchemas } from "../schema/standard-schemas.js";
import { emptyMap, type Value, type ValueMap } from "../value.js";

const METADATA_PREFIX = "m.";
const KIND_TAG = "xcp.kind";
const DEFAULT_KIND = "tensor";

/**
 * Builds the Ether around a body that has no envelope: kind and version from the header, metadata from the `m.<key>` tags.
 *
 * @param content The tensor, or the list of tensors, that goes into the kind's tensor field.
 * @throws EtherError `ether.ether_invalid` for a kind that is none.
 * @see spec/xcp.md §14.6
 */
export function etherFromTensor(content: Value, context: CodecContext): Ether {
  const tags = context.tags ?? [];
  const kind =
    registeredKind(context) ?? tags.findLast(({ key }) => key === KIND_TAG)?.val ?? DEFAULT_KIND;
  const payload = emptyMap();
  payload[tensorField(kind)] = content;
  const dim = lastDimension(content);
  if (kind === "embedding" && dim !== undefined) payload["dim"] = dim;
  const metadata = emptyMap();
  for (const { key, val } of tags) {
    if (key.startsWith(METADATA_PREFIX)) metadata[key.slice(METADATA_PREFIX.length)] = val;
  }
  const ether: Ether = {
    kind,
    schemaVersion: context.schemaKey?.major || 1,
    payload,
    metadata: Object.keys(metadata).length === 0 ? NO_VALUES : metadata,
    extraFields: NO_VALUES,
    attachments: [],
  };
  return assembleEther(ether, context.limits ?? resolveEtherLimits());
}

/** The content of a body without envelope, and what its header must say. */
export interface BareTensor {
  /** What stands in the kind's tensor field. */
  readonly content: Value;
  /** Tags that carry metadata, and the kind when no key does. */
  readonly tags: readonly Tag[];
  /** The schema key, where there is one. */
  readonly schemaKey?: CodecContext["schemaKey"] & object;
}

/**
 * Takes the envelope off an Ether that {@link etherFromTensor} can put back on.
 *
 * @throws EtherError `ether.ether_invalid` when something would be lost: other payload members, metadata that is no text,
 * extra fields, attachments, a version that no key carries.
 * @see spec/xcp.md §14.6
 */
export function bareTensorOf(ether: Ether, context: CodecContext): BareTensor {
  const { kind, payload, metadata, extraFields, attachments, schemaVersion } = ether;
  const field = tensorField(kind);
  const content = Object.hasOwn(payload, field) ? payload[field] : undefined;
  if (content === undefined) throw lost(`kind ${kind} has no ${field}`);
  checkMembers(payload, field, kind, lastDimension(content));
  if (Object.keys(extraFields).length > 0) throw lost("it has extra fields");
  if (attachments.length > 0) throw lost("it has attachments");
  const claimed = claimedKey(ether, context);
  const tags = metadataTags(metadata);
  if (claimed.schemaKey === undefined || claimed.schemaKey.kindId === 0) {
    if (schemaVersion !== 1) throw lost(`version ${schemaVersion} needs a schema key`);
    if (kind !== DEFAULT_KIND) tags.push({ key: KIND_TAG, val: kind });
  }
  const problem = tagProblem(tags);
  if (problem !== undefined) throw lost(problem);
  return { content, tags, ...claimed };
}

/** Gives what a tensor body would carry of an Ether; `undefined` when it would lose something. spec/xcp.md §14.6 */
export function bareContentOf(ether: Ether, context: CodecContext): Value | undefined {
  try {
    return bareTensorOf(ether, context).content;
  } catch (thrown) {
    if (thrown instanceof EtherError) return undefined;
    throw thrown;
  }
}

/** Names the payload key that holds the tensor of a kind. spec/xcp.md §14.6, §18 */
function tensorField(kind: string): string {
  return fields.get(kind) ?? "data";
}

const fields: ReadonlyMap<string, string> = new Map([
  ["embedding", "values"],
  ["tokens", "token_ids"],
]);

let standard: SchemaRegistry | undefined;

function registeredKind(context: CodecContext): string | undefined {
  if (context.schemaKey === undefined) return undefined;
  standard ??= standardSchemas();
  return (context.schemas ?? standard).kindOf(context.schemaKey);
}

function checkMembers(
  payload: ValueMap,
  field: string,
  kind: string,
  dim: number | undefined,
): void {
  for (const key of Object.keys(payload)) {
    const implied = kind === "embedding" && key === "dim" && Number(payload[key]) === dim;
    if (key !== field && !implied) throw lost(`its payload has ${key}`);
  }
  if (kind === "embedding" && dim !== undefined && !Object.hasOwn(payload, "dim")) {
    throw lost("its payload has no dim");
  }
}

function lastDimension(content: Value): number | undefined {
  const isList = Array.isArray(content) && content.every((item) => typeof item === "number");
  return isList ? content.length : shapeOf(content)?.at(-1);
}

function metadataTags(metadata: ValueMap): Tag[] {
  return Object.entries(metadata).map(([key, val]) => {
    if (typeof val !== "string") throw lost(`metadata ${key} is no text`);
    return { key: METADATA_PREFIX + key, val };
  });
}

function lost(what: string): EtherError {
  return new EtherError("ether.ether_invalid", `no tensor body can carry this Ether: ${what}`);
}
