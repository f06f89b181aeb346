import { ByteReader, ByteWriter, decodeUtf8, encodeUtf8 } from "@proj/wire-types";

/**
 * Writes a message as text, or, where it holds bytes, as a binary frame that carries them as they
 * are: the length of the JSON and the JSON, then the length and the bytes of each part in turn. In
 * the JSON `["bytes", [n]]` stands for part n; `[n]` is no expression, so nothing else looks so.
 *
 * Takes `message` over: the bytes in it are replaced.
 */
export function encodeMessage(message: unknown): string | Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  detachBytes(message, parts);
  const text = JSON.stringify(message);
  if (parts.length === 0) return text;
  const json = encodeUtf8(text);
  const size = parts.reduce((sum, part) => sum + 4 + part.length, 4 + json.length);
  const writer = new ByteWriter(size);
  for (const part of [json, ...parts]) {
    writer.u32(part.length);
    writer.bytes(part);
  }
  return writer.view();
}

/**
 * Reads a frame that {@link encodeMessage} wrote. Total: any frame gives a tree, or is refused.
 *
 * @param maxSize UTF-16 code units of text, or bytes of a binary frame.
 * @throws TypeError for a frame that is too large or whose parts do not fit; SyntaxError for no JSON;
 *   WireError for one that is cut off, or no UTF-8.
 */
export function decodeMessage(frame: string | ArrayBuffer, maxSize: number): unknown {
  const size = typeof frame === "string" ? frame.length : frame.byteLength;
  if (size > maxSize) {
    throw new TypeError(`Incoming message exceeds maximum size of ${maxSize} bytes.`);
  }
  if (typeof frame === "string") return JSON.parse(frame);
  const reader = new ByteReader(new Uint8Array(frame));
  const message: unknown = JSON.parse(decodeUtf8(reader.view(reader.u32())));
  const parts: (Uint8Array | undefined)[] = [];
  // Each part has a buffer of its own, as bytes from text have.
  while (reader.remaining > 0) parts.push(reader.view(reader.u32()).slice());
  attachBytes(message, parts);
  if (parts.some((part) => part !== undefined))
    throw new TypeError("A part of a message is not used.");
  return message;
}

function detachBytes(node: unknown, parts: Uint8Array[]): void {
  if (typeof node !== "object" || node === null) return;
  if (Array.isArray(node) && node[0] === "bytes" && node[1] instanceof Uint8Array) {
    node[1] = [parts.push(node[1]) - 1];
    return;
  }
  for (const member of Object.values(node)) detachBytes(member, parts);
}

function attachBytes(node: unknown, parts: (Uint8Array | undefined)[]): void {
  if (typeof node !== "object" || node === null) return;
  const index = Array.isArray(node) && node[0] === "bytes" ? partIndex(node[1]) : undefined;
  if (index === undefined) {
    for (const member of Object.values(node)) attachBytes(member, parts);
    return;
  }
  const part = parts[index];
  if (part === undefined) throw new TypeError("A part of a message is missing, or used twice.");
  (node as unknown[])[1] = part;
  parts[index] = undefined;
}

function partIndex(mark: unknown): number | undefined {
  if (!Array.isArray(mark) || mark.length !== 1) return undefined;
  const [index] = mark as readonly unknown[];
  return typeof index === "number" ? index : undefined;
}
