import { headerField, viewOf } from "@proj/sbe";
import {
  MESSAGE_HEADER,
  SCHEMA_ID,
  SCHEMA_VERSION,
  TemplateId,
} from "../messages/generated/discovery.js";

const HEADER_BYTES: number = MESSAGE_HEADER.size;
const DIMENSION_BYTES = 4;
const LENGTH_BYTES = 4;
/** A writer that takes the tag's length for the entry's block. spec/tensor-pool.md §13.3 */
const LENGTH_AS_BLOCK = 4;

/** Tells whether a message is of this template of discovery, in a version that is known. Others may share the stream. */
export function isDiscovery(bytes: Uint8Array, template: number): boolean {
  if (bytes.length < HEADER_BYTES) return false;
  const view = viewOf(bytes);
  return (
    headerField(view, 0, MESSAGE_HEADER, "schemaId") === SCHEMA_ID &&
    headerField(view, 0, MESSAGE_HEADER, "templateId") === template &&
    headerField(view, 0, MESSAGE_HEADER, "version") <= SCHEMA_VERSION
  );
}

/**
 * Returns a message of discovery with tags as our decoders read them.
 *
 * An entry of a tag group is a length and its text; some writers say that the entry's block is 0 bytes long, others that
 * it is the length's 4. Where the latter is found, the result is a copy that says the former; else it is `bytes` itself.
 * What cannot be walked through is left as it is: the decoder says what is wrong with it.
 */
export function withPlainTags(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEADER_BYTES) return bytes;
  const view = viewOf(bytes);
  const places = tagGroups(view).filter((at) => view.getUint16(at, true) === LENGTH_AS_BLOCK);
  if (places.length === 0) return bytes;
  const copy = bytes.slice();
  const writable = new DataView(copy.buffer);
  for (const at of places) writable.setUint16(at, 0, true);
  return copy;
}

// Where the dimensions of tag groups lie.
function tagGroups(view: DataView): number[] {
  const start = HEADER_BYTES + view.getUint16(0, true);
  const template = view.getUint16(2, true);
  if (template === TemplateId.DiscoveryRequest)
    return has(view, start, DIMENSION_BYTES) ? [start] : [];
  if (template !== TemplateId.DiscoveryResponse || !has(view, start, DIMENSION_BYTES)) return [];
  const places: number[] = [];
  const block = view.getUint16(start, true);
  const count = view.getUint16(start + 2, true);
  let at: number | undefined = start + DIMENSION_BYTES;
  for (let entry = 0; entry < count; entry++) {
    at = behindGroup(view, at + block);
    if (at === undefined || !has(view, at, DIMENSION_BYTES)) return places;
    places.push(at);
    at = behindGroup(view, at);
    for (let text = 0; at !== undefined && text < RESULT_TEXTS; text++) at = behindData(view, at);
    if (at === undefined) return places;
  }
  return places;
}

/** Texts behind the tags of a result. */
const RESULT_TEXTS = 4;

// A group whose entries end with one text each; a block that is the text's length is not counted twice.
function behindGroup(view: DataView, start: number): number | undefined {
  if (!has(view, start, DIMENSION_BYTES)) return undefined;
  const block = view.getUint16(start, true);
  const count = view.getUint16(start + 2, true);
  const skip = block === LENGTH_AS_BLOCK ? 0 : block;
  let at: number | undefined = start + DIMENSION_BYTES;
  for (let entry = 0; at !== undefined && entry < count; entry++) at = behindData(view, at + skip);
  return at;
}

function behindData(view: DataView, at: number): number | undefined {
  if (!has(view, at, LENGTH_BYTES)) return undefined;
  const end = at + LENGTH_BYTES + view.getUint32(at, true);
  return end <= view.byteLength ? end : undefined;
}

function has(view: DataView, at: number, bytes: number): boolean {
  return at + bytes <= view.byteLength;
}
