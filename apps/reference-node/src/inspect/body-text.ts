import { type Ether, QuantizedTensor, standardCodecs, type Value } from "@proj/ether-codecs";
import { isWireError, TensorView } from "@proj/wire-types";
import { type FrameHeader, MsgType, xcpCodeOf } from "@proj/xcp-framing";
import { decodeControl } from "./control-bodies.js";
import { type FieldList, hexNumber, previewBytes, previewText } from "./field.js";
import { codecName } from "./names.js";

const codecs = standardCodecs();

/** Decodes a control body and says in lines what it holds. */
export function describeControl(
  list: FieldList,
  base: number,
  header: FrameHeader,
  body: Uint8Array,
): readonly string[] {
  try {
    const decoded = decodeControl(header.msgType, header.bodyCodec, body);
    if (decoded === undefined) return [];
    return Object.entries(decoded)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${controlText(name, value)}`);
  } catch (error) {
    return noteFailure(list, base, error);
  }
}

/** Decodes the body of a message and says in lines what it holds. */
export function describeBody(
  list: FieldList,
  base: number,
  header: FrameHeader,
  body: Uint8Array,
): readonly string[] {
  if (header.msgType !== MsgType.DATA) {
    return [
      `${body.length} bytes of an application protocol: ${previewText(new TextDecoder().decode(body))}`,
    ];
  }
  const codec = codecs.get(header.bodyCodec);
  if (codec === undefined) {
    list.find(base, "ether.codec_unsupported", `no codec ${codecName(header.bodyCodec)}`);
    return [];
  }
  try {
    const { schemaKey, tags } = header;
    const ethers = codec.decode(body, { tags, ...(schemaKey === undefined ? {} : { schemaKey }) });
    return describeEthers(ethers);
  } catch (error) {
    return noteFailure(list, base, error);
  }
}

function noteFailure(list: FieldList, base: number, error: unknown): readonly string[] {
  if (!isWireError(error)) throw error;
  if (!list.findings.some(({ code }) => code.endsWith(".body_malformed") && code === error.code)) {
    list.find(base, error.code, error.message);
  }
  return [];
}

function describeEthers(ethers: readonly Ether[]): readonly string[] {
  const [first] = ethers;
  if (first === undefined) return ["No Ethers."];
  const lines = [
    ethers.length === 1
      ? `Ether of kind ${previewText(first.kind)}, version ${first.schemaVersion}`
      : `${ethers.length} Ethers of kind ${previewText(first.kind)}, version ${first.schemaVersion}; the first:`,
  ];
  for (const section of ["payload", "metadata", "extraFields"] as const) {
    for (const [key, value] of Object.entries(first[section])) {
      lines.push(`  ${section}.${key}: ${valueText(value)}`);
    }
  }
  for (const { id, uri, sizeBytes, inlineBytes } of first.attachments) {
    const where = uri ?? `${inlineBytes?.length ?? 0} bytes inline`;
    lines.push(
      `  attachment ${previewText(id)}: ${where}${sizeBytes === undefined ? "" : `, ${sizeBytes} bytes`}`,
    );
  }
  return lines;
}

function valueText(value: Value | undefined): string {
  if (value instanceof Uint8Array) return `bytes ${previewBytes(value)}`;
  if (value instanceof TensorView) return `${value.dtype} [${value.shape.join(", ")}]`;
  if (value instanceof QuantizedTensor) return `QNT8 [${value.shape.join(", ")}]`;
  if (ArrayBuffer.isView(value))
    return vectorText(value as unknown as ArrayLike<number>, value.constructor.name);
  const text = JSON.stringify(value, (_, inner: unknown) => plain(inner)) ?? "nothing";
  return text.length > 100 ? previewText(text).slice(1, -1) : text;
}

function vectorText(vector: ArrayLike<number>, name: string): string {
  const first = Array.from({ length: Math.min(6, vector.length) }, (_, i) => vector[i]);
  return `${name}(${vector.length}) [${first.join(", ")}${vector.length > 6 ? ", …" : ""}]`;
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return ArrayBuffer.isView(value) ? `${value.constructor.name}(${value.byteLength} bytes)` : value;
}

function controlText(name: string, value: unknown): string {
  if (name === "errorCode" && typeof value === "number") {
    return `${hexNumber(value, 2)} ${xcpCodeOf(value) ?? ""}`.trim();
  }
  if (name === "codecs" && Array.isArray(value))
    return value.map((id: number) => codecName(id)).join(", ");
  // A credential is opaque here and must not end up in a bug report.
  if (name === "auth") return "[present]";
  if (value instanceof Uint8Array) return previewBytes(value);
  if (value instanceof Map) return `${value.size} values`;
  return JSON.stringify(value, (_, inner: unknown) => plain(inner));
}
