import { decodeUtf8, encodeUtf8 } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import type { Crc32 } from "./crc32.js";
import { NetworkReader } from "./network-reader.js";
import { NetworkWriter } from "./network-writer.js";

const CRC_BYTES = 4;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENERS: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSERS: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * Writes the JSON of a control frame and its CRC.
 *
 * @throws {@link DwcpError} `dwcp.limit` when it is longer than a control payload may be.
 * @see spec/dwcp.md B2
 */
export function encodeControlPayload(
  value: object,
  limits: Pick<DwcpLimits, "maxControlBytes">,
  crc32: Crc32,
): Uint8Array<ArrayBuffer> {
  const json = encodeUtf8(JSON.stringify(value));
  if (json.length > limits.maxControlBytes) {
    throw new DwcpError(
      "dwcp.limit",
      `control payload of ${json.length} bytes, limit ${limits.maxControlBytes}`,
    );
  }
  return new NetworkWriter(json.length + CRC_BYTES).bytes(json).u32(crc32(json)).view();
}

/**
 * Reads the JSON of a control frame. Size, CRC and depth are checked before it is parsed.
 *
 * @throws {@link DwcpError} `dwcp.limit` above a limit; `dwcp.protocol` for a wrong CRC and for what is no JSON.
 * @see spec/dwcp.md B2, B3
 */
export function decodeControlPayload(
  payload: Uint8Array,
  limits: Pick<DwcpLimits, "maxControlBytes" | "maxControlDepth">,
  crc32: Crc32,
): unknown {
  const length = payload.length - CRC_BYTES;
  if (length > limits.maxControlBytes) {
    throw new DwcpError(
      "dwcp.limit",
      `control payload of ${length} bytes, limit ${limits.maxControlBytes}`,
    );
  }
  if (length < 0) throw new DwcpError("dwcp.protocol", "a control payload without its CRC");
  const json = payload.subarray(0, length);
  if (new NetworkReader(payload.subarray(length)).u32() !== crc32(json)) {
    throw new DwcpError("dwcp.protocol", "the CRC of a control payload does not match");
  }
  const depth = depthOf(json);
  if (depth > limits.maxControlDepth) {
    throw new DwcpError(
      "dwcp.limit",
      `control payload nested ${depth} deep, limit ${limits.maxControlDepth}`,
    );
  }
  try {
    return JSON.parse(decodeUtf8(json));
  } catch (cause) {
    throw new DwcpError("dwcp.protocol", "a control payload is no JSON", { cause });
  }
}

// Brackets outside of strings. Where the text is no JSON the number means nothing, and the parser says so.
function depthOf(json: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0;
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (OPENERS.has(byte)) deepest = Math.max(deepest, ++depth);
    else if (CLOSERS.has(byte)) depth--;
  }
  return deepest;
}
