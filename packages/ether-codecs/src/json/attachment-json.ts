import { formatBase64, isDType } from "@proj/wire-types";
import type { Attachment } from "../attachment.js";
import { EtherError } from "../errors.js";
import type { Json } from "../schema/canonical-json.js";
import { base64FromJson, wellFormed } from "./parse-json.js";

/**
 * Writes an attachment as a JSON object: inline bytes as a bare base64 string, absent members left out.
 *
 * The attachment must be sound, see `attachmentProblems`.
 *
 * @see spec/xcp.md §13, §14.1
 */
export function attachmentToJson(attachment: Attachment): { readonly [key: string]: Json } {
  const { id, uri, inlineBytes, mediaType, codec, shape, dtype, sizeBytes } = attachment;
  return {
    id,
    ...(uri === undefined ? {} : { uri }),
    ...(inlineBytes === undefined ? {} : { inline_bytes: formatBase64(inlineBytes) }),
    ...(mediaType === undefined ? {} : { media_type: mediaType }),
    ...(codec === undefined ? {} : { codec }),
    ...(shape === undefined ? {} : { shape }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(sizeBytes === undefined ? {} : { size_bytes: sizeBytes }),
  };
}

/**
 * Reads an attachment from a parsed JSON value; `null` members are absent, unknown ones ignored.
 *
 * Whether its members fit each other is checked by `checkAttachments`.
 *
 * @throws EtherError `ether.attachment_invalid` for a member of the wrong type; `ether.body_malformed` for bad base64.
 */
export function attachmentFromJson(json: unknown): Attachment {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw invalid("an attachment is no object");
  }
  const members = new Map(Object.entries(json).filter(([, member]) => member !== null));
  const uri = text(members, "uri");
  const inline = text(members, "inline_bytes");
  const mediaType = text(members, "media_type");
  const codec = text(members, "codec");
  const dtype = text(members, "dtype");
  const shape = shapeOf(members.get("shape"));
  const sizeBytes: unknown = members.get("size_bytes");
  if (dtype !== undefined && !isDType(dtype)) throw invalid("dtype is unknown");
  if (sizeBytes !== undefined && typeof sizeBytes !== "number")
    throw invalid("size_bytes is no number");
  return {
    id: text(members, "id") ?? "",
    ...(uri === undefined ? {} : { uri }),
    ...(inline === undefined ? {} : { inlineBytes: base64FromJson(inline) }),
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(codec === undefined ? {} : { codec }),
    ...(shape === undefined ? {} : { shape }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  };
}

function text(members: ReadonlyMap<string, unknown>, name: string): string | undefined {
  const member = members.get(name);
  if (member === undefined) return undefined;
  if (typeof member !== "string") throw invalid(`${name} is no text`);
  return wellFormed(member);
}

function shapeOf(member: unknown): readonly number[] | undefined {
  if (member === undefined) return undefined;
  if (!Array.isArray(member) || !member.every((size) => typeof size === "number")) {
    throw invalid("shape is no list of numbers");
  }
  return member;
}

function invalid(what: string): EtherError {
  return new EtherError("ether.attachment_invalid", `attachment: ${what}`);
}
