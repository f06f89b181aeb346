import { ByteWriter, CodecId, decodeUtf8, encodeUtf8 } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import type { BodySchema } from "./control-schema.js";
import { fromJson, toJson } from "./json-body.js";
import { readProtobuf, writeProtobuf } from "./protobuf-body.js";

/** The codecs that control bodies travel in: JSON (1) and PROTOBUF (8). spec/xcp.md §6 */
export type ControlCodec = typeof CodecId.JSON | typeof CodecId.PROTOBUF;

/**
 * Encodes a control body by its schema, into a new buffer.
 *
 * @throws RangeError for a value that its field cannot hold.
 */
export function encodeBody<T extends object>(
  schema: BodySchema<T>,
  body: T,
  codec: ControlCodec,
): Uint8Array {
  if (codec === CodecId.JSON) return encodeUtf8(JSON.stringify(toJson(schema, body)));
  const writer = new ByteWriter();
  writeProtobuf(schema, body, writer);
  return writer.copy();
}

/**
 * Decodes a control body by its schema. Nothing in the result refers to `bytes`.
 *
 * No bytes at all are the body whose fields are all absent, in either codec.
 *
 * @throws XcpError `xcp.body_malformed`
 */
export function decodeBody<T extends object>(
  schema: BodySchema<T>,
  bytes: Uint8Array,
  codec: ControlCodec,
): T {
  if (codec === CodecId.PROTOBUF || bytes.length === 0)
    return attempt(schema, () => readProtobuf(schema, bytes));
  return attempt(schema, () => fromJson(schema, JSON.parse(decodeUtf8(bytes))));
}

function attempt<T extends object>(schema: BodySchema<T>, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof XcpError) throw cause;
    throw new XcpError("xcp.body_malformed", `not a ${schema.name} body`, { cause });
  }
}
