import { CodecId } from "@proj/wire-types";
import { MsgType } from "@proj/xcp-framing";
import { type FieldList, hexNumber, previewBytes, previewText } from "./field.js";
import { protobufFields } from "./protobuf-fields.js";

/** Message types of the control schema, by number. spec/xcp.md §7 */
const controlTypes: ReadonlyMap<number, string> = new Map([
  [MsgType.HELLO, "Hello"],
  [MsgType.CAPS, "Hello"],
  [MsgType.ACK, "Ack"],
  [MsgType.NACK, "Nack"],
  [MsgType.PING, "Ping"],
  [MsgType.PONG, "Ping"],
  [MsgType.CLARIFY_REQ, "ClarifyReq"],
  [MsgType.CLARIFY_RES, "ClarifyRes"],
  [MsgType.CONFIRM_REQ, "ConfirmReq"],
  [MsgType.CONFIRM_RES, "ConfirmRes"],
  [MsgType.NEGOTIATE, "Hello"],
  [MsgType.UNSUPPORTED, "Unsupported"],
  [MsgType.ERROR, "Error"],
  [MsgType.GOAWAY, "Goaway"],
  [MsgType.RELEASE, "Release"],
]);

/** Names the bytes of a clear, whole body at `base`. Its codec decides how; unknown ones stay one field. */
export function bodyFields(
  list: FieldList,
  body: Uint8Array,
  base: number,
  header: { readonly msgType: number; readonly bodyCodec: number },
): void {
  if (body.length === 0) return;
  switch (header.bodyCodec) {
    case CodecId.PROTOBUF:
      return protobufBody(list, body, base, header.msgType);
    case CodecId.JSON:
      return jsonBody(list, body, base);
    case CodecId.TENSOR_F32:
    case CodecId.TENSOR_F16:
    case CodecId.TENSOR_QNT8:
      return tensorBody(list, body, base);
    case CodecId.DLPACK:
      return dlpackBody(list, body, base);
    case CodecId.ARROW_IPC:
      return arrowBody(list, body, base);
    default:
      list.add(base, body.length, "PAYLOAD", previewBytes(body));
  }
}

function protobufBody(list: FieldList, body: Uint8Array, base: number, msgType: number): void {
  const control = controlTypes.get(msgType);
  if (control !== undefined) {
    protobufFields(list, body, base, { packageName: "@proj/xcp-framing", typeName: control });
  } else if (msgType === MsgType.DATA && body[0] !== 0x7b) {
    protobufFields(list, body, base, { packageName: "@proj/ether-codecs", typeName: "EtherProto" });
  } else {
    jsonBody(list, body, base);
  }
}

function jsonBody(list: FieldList, body: Uint8Array, base: number): void {
  const text = new TextDecoder().decode(body);
  list.add(base, body.length, "PAYLOAD", previewText(text));
  try {
    JSON.parse(text);
  } catch (error) {
    const message = (error as Error).message;
    const position = /position (\d+)/.exec(message)?.[1];
    // Positions count UTF-16 units; bytes are what a hex view shows.
    const at = position === undefined ? 0 : Buffer.byteLength(text.slice(0, Number(position)));
    list.find(base + at, "xcp.body_malformed", message);
  }
}

function tensorBody(list: FieldList, body: Uint8Array, base: number): void {
  if (body.length < 32) {
    list.add(base, body.length, "PAYLOAD", previewBytes(body));
    return;
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  list.add(base, 1, "tensor.ndim", String(view.getUint8(0)));
  list.add(base + 1, 1, "tensor.dtype", ["F32", "F16", "8-bit"][view.getUint8(1)] ?? "unknown");
  list.add(base + 2, 1, "tensor.flags", hexNumber(view.getUint8(2), 1));
  list.add(base + 3, 1, "tensor.zero_point", String(view.getUint8(3)));
  const shape = Array.from({ length: 6 }, (_, i) => view.getUint32(4 + 4 * i, true));
  list.add(base + 4, 24, "tensor.shape", `[${shape.join(", ")}]`);
  list.add(base + 28, 4, "tensor.scale", String(view.getFloat32(28, true)));
  list.add(base + 32, body.length - 32, "tensor.data", previewBytes(body.subarray(32)));
}

function dlpackBody(list: FieldList, body: Uint8Array, base: number): void {
  if (body.length < 48) {
    list.add(base, body.length, "PAYLOAD", previewBytes(body));
    return;
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const ndim = view.getUint32(20, true);
  const handleBytes = view.getUint32(40, true);
  const hasStrides = (view.getUint16(6, true) & 1) !== 0;
  list.add(
    base,
    4,
    "dlpack.magic",
    previewText(Buffer.from(body.subarray(0, 4)).toString("latin1")),
  );
  list.add(base + 4, 1, "dlpack.version", String(view.getUint8(4)));
  const kinds = ["INLINE", "SHM", "CUDA_IPC", "FD", "IN_PROCESS"];
  list.add(base + 5, 1, "dlpack.handle_kind", kinds[view.getUint8(5)] ?? "unknown");
  list.add(base + 6, 2, "dlpack.flags", hexNumber(view.getUint16(6, true), 2));
  list.add(base + 8, 4, "dlpack.device_type", String(view.getInt32(8, true)));
  list.add(base + 12, 4, "dlpack.device_id", String(view.getInt32(12, true)));
  list.add(
    base + 16,
    4,
    "dlpack.dtype",
    `code ${view.getUint8(16)}, ${view.getUint8(17)} bits × ${view.getUint16(18, true)}`,
  );
  list.add(base + 20, 4, "dlpack.ndim", String(ndim));
  list.add(base + 24, 8, "dlpack.byte_offset", String(view.getBigUint64(24, true)));
  list.add(base + 32, 8, "dlpack.storage_bytes", String(view.getBigUint64(32, true)));
  list.add(base + 40, 4, "dlpack.handle_length", String(handleBytes));
  list.add(base + 44, 4, "dlpack.lease_ms", String(view.getUint32(44, true)));
  let at = 48;
  const dimensions = (name: string): void => {
    if (ndim > 32 || at + 8 * ndim > body.length) return;
    const values = Array.from({ length: ndim }, (_, i) => view.getBigInt64(at + 8 * i, true));
    list.add(base + at, 8 * ndim, name, `[${values.join(", ")}]`);
    at += 8 * ndim;
  };
  dimensions("dlpack.shape");
  if (hasStrides) dimensions("dlpack.strides");
  const rest = body.subarray(at);
  if (rest.length > 0) {
    list.add(
      base + at,
      rest.length,
      handleBytes > 0 ? "dlpack.handle" : "dlpack.data",
      previewBytes(rest),
    );
  }
}

// The encapsulation only: what is in a message, its codec tells.
function arrowBody(list: FieldList, body: Uint8Array, base: number): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0, i = 0; at + 4 <= body.length; i++) {
    const modern = view.getUint32(at, true) === 0xffff_ffff;
    if (modern) list.add(base + at, 4, "arrow.continuation", "ffffffff");
    const sizeAt = modern ? at + 4 : at;
    if (sizeAt + 4 > body.length) {
      list.find(base + at, "ether.body_malformed", "an Arrow message is cut off");
      return;
    }
    const metadataBytes = view.getInt32(sizeAt, true);
    if (metadataBytes === 0) {
      list.add(base + sizeAt, 4, "arrow.end_of_stream", "0");
      return;
    }
    list.add(base + sizeAt, 4, `arrow.message[${i}].metadata_length`, String(metadataBytes));
    const metadataAt = sizeAt + 4;
    const bodyBytes = arrowBodyBytes(view, metadataAt, metadataBytes);
    if (bodyBytes === undefined || metadataAt + metadataBytes + bodyBytes > body.length) {
      list.find(
        base + sizeAt,
        "ether.body_malformed",
        "an Arrow message passes the end of the body",
      );
      return;
    }
    list.add(
      base + metadataAt,
      metadataBytes,
      `arrow.message[${i}].metadata`,
      arrowHeaderType(view, metadataAt),
    );
    at = metadataAt + metadataBytes;
    if (bodyBytes > 0)
      list.add(base + at, bodyBytes, `arrow.message[${i}].body`, `${bodyBytes} bytes`);
    at += bodyBytes;
  }
}

// Message is a FlatBuffers table {version, header_type, header, bodyLength, …}: field n has its offset at 4 + 2n of
// the vtable, 0 meaning absent.
function arrowField(view: DataView, at: number, field: number): number | undefined {
  const table = at + view.getUint32(at, true);
  if (table + 4 > view.byteLength) return undefined;
  const vtable = table - view.getInt32(table, true);
  const slot = vtable + 4 + 2 * field;
  if (vtable < 0 || slot + 2 > view.byteLength || 4 + 2 * field >= view.getUint16(vtable, true))
    return undefined;
  const offset = view.getUint16(slot, true);
  return offset === 0 || table + offset + 8 > view.byteLength ? undefined : table + offset;
}

function arrowBodyBytes(view: DataView, at: number, metadataBytes: number): number | undefined {
  if (metadataBytes < 8 || at + metadataBytes > view.byteLength) return undefined;
  const position = arrowField(view, at, 3);
  if (position === undefined) return 0;
  const bytes = Number(view.getBigInt64(position, true));
  return bytes < 0 ? undefined : bytes;
}

function arrowHeaderType(view: DataView, at: number): string {
  const position = arrowField(view, at, 1);
  const type = position === undefined ? 0 : view.getUint8(position);
  return (
    ["none", "Schema", "DictionaryBatch", "RecordBatch", "Tensor", "SparseTensor"][type] ??
    "unknown"
  );
}
