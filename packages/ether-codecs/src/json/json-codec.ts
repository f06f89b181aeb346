import { CodecId, encodeUtf8 } from "@proj/wire-types";
import { assembleEther, checkBodySize, checkEnvelope, onlyEther } from "../assemble-ether.js";
import { claimedKey } from "../schema/claim.js";
import type { CodecContext, EncodedBody, EtherCodec } from "../codec.js";
import { EtherError } from "../errors.js";
import { type Ether, NO_VALUES } from "../ether.js";
import { resolveEtherLimits, type EtherLimits } from "../limits.js";
import type { ValueMap } from "../value.js";
import { attachmentFromJson, attachmentToJson } from "./attachment-json.js";
import { type FormatOptions, formatValue } from "./format-value.js";
import { mapFromJson, parseJson } from "./parse-json.js";

/** JSON text of one Ether. spec/xcp.md §14.1 */
export const jsonCodec: EtherCodec = {
  id: CodecId.JSON,
  name: "JSON",
  mediaType: "application/json",
  batches: false,
  encode: (ethers, context) => encodeJson(onlyEther(ethers, "JSON"), context),
  decode: (body, context) => [decodeJson(body, context)],
};

const envelopeMembers = new Set([
  "kind",
  "schema_version",
  "payload",
  "metadata",
  "extra_fields",
  "attachments",
]);

/**
 * Tells whether a body with bodyCodec 8 is JSON text, as the reference's is; no EtherProto begins with `{`.
 *
 * @see spec/xcp.md §5.1
 */
export function isJsonInProtobuf(body: Uint8Array): boolean {
  return body[0] === 0x7b;
}

function encodeJson(ether: Ether, context: CodecContext): EncodedBody {
  const limits = context.limits ?? resolveEtherLimits();
  checkEnvelope(ether, limits);
  const options: FormatOptions = {
    order: context.deterministic === true ? "canonical" : "insertion",
    maxNesting: limits.maxNesting,
  };
  let text = `{"kind":${JSON.stringify(ether.kind)},"schema_version":${ether.schemaVersion}`;
  text += `,"payload":${formatValue(ether.payload, options, "payload")}`;
  text += `,"metadata":${formatValue(ether.metadata, options, "metadata")}`;
  if (Object.keys(ether.extraFields).length > 0) {
    text += `,"extra_fields":${formatValue(ether.extraFields, options, "extra_fields")}`;
  }
  if (ether.attachments.length > 0) {
    text += `,"attachments":${JSON.stringify(ether.attachments.map(attachmentToJson))}`;
  }
  const body = encodeUtf8(`${text}}`);
  return { bodyCodec: CodecId.JSON, body, tags: [], ...claimedKey(ether, context) };
}

function decodeJson(body: Uint8Array, context: CodecContext): Ether {
  const limits = context.limits ?? resolveEtherLimits();
  checkBodySize(body, limits);
  const json = parseJson(body, limits);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new EtherError("ether.ether_invalid", "the body is no JSON object");
  }
  const members = new Map<string, unknown>(Object.entries(json));
  countUnknown(members, context);
  const kind = members.get("kind");
  const version = members.get("schema_version");
  if (typeof kind !== "string" || !kind.isWellFormed()) {
    throw new EtherError("ether.ether_invalid", "kind is no text");
  }
  if (typeof version !== "number") {
    throw new EtherError("ether.ether_invalid", "schema_version is no number");
  }
  const ether: Ether = {
    kind,
    schemaVersion: version,
    payload: mapMember(members, "payload", limits),
    metadata: members.get("metadata") == null ? NO_VALUES : mapMember(members, "metadata", limits),
    extraFields:
      members.get("extra_fields") == null ? NO_VALUES : mapMember(members, "extra_fields", limits),
    attachments: attachmentsMember(members.get("attachments"), limits),
  };
  return assembleEther(ether, limits);
}

function mapMember(
  members: ReadonlyMap<string, unknown>,
  name: string,
  limits: EtherLimits,
): ValueMap {
  const member = members.get(name);
  if (typeof member !== "object" || member === null || Array.isArray(member)) {
    throw new EtherError("ether.ether_invalid", `${name} is no object`);
  }
  return mapFromJson(member, 1, limits.maxNesting);
}

function attachmentsMember(member: unknown, limits: EtherLimits): Ether["attachments"] {
  if (member === undefined || member === null) return [];
  if (!Array.isArray(member)) throw new EtherError("ether.ether_invalid", "attachments is no list");
  if (member.length > limits.maxAttachments) {
    throw new EtherError(
      "ether.too_large",
      `${member.length} attachments, limit ${limits.maxAttachments}`,
    );
  }
  return member.map(attachmentFromJson);
}

function countUnknown(members: ReadonlyMap<string, unknown>, context: CodecContext): void {
  if (context.countUnknown === undefined) return;
  const unknown = [...members.keys()].filter((name) => !envelopeMembers.has(name)).length;
  if (unknown > 0) context.countUnknown(unknown);
}
