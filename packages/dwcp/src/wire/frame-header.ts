import { DwcpError } from "../errors.js";
import type { Crc32 } from "./crc32.js";
import { NetworkReader } from "./network-reader.js";
import { NetworkWriter } from "./network-writer.js";

/** Bytes of a frame header. spec/dwcp.md B2 */
export const FRAME_HEADER_BYTES = 16;
/** Flag: whoever does not know the type must fail the stream. spec/dwcp.md B2 */
export const FLAG_CRITICAL = 0x80;
/** The longest payload that any agreement allows, in bytes. spec/dwcp.md B2 */
export const MAX_FRAME_BYTES = 0x1000000;

const CHECKED_BYTES = 12;

/** The first 16 bytes of a frame. spec/dwcp.md B2 */
export interface FrameHeader {
  /** What the payload is: a {@link FrameType} or a number that a later minor version added. */
  readonly type: number;
  /** {@link FLAG_CRITICAL}, or 0. */
  readonly flags: number;
  /** Bytes of the payload. */
  readonly payloadBytes: number;
  /** Which transfer it belongs to; 0 is the session. */
  readonly handle: number;
}

/** Writes a header. spec/dwcp.md B2 */
export function encodeFrameHeader(header: FrameHeader, crc32: Crc32): Uint8Array {
  const writer = new NetworkWriter(FRAME_HEADER_BYTES)
    .u8(header.type)
    .u8(header.flags)
    .u16(0)
    .u32(header.payloadBytes)
    .u32(header.handle);
  return writer.u32(crc32(writer.view())).view();
}

/**
 * Reads the header at the start of `bytes`, or returns `undefined` while it is incomplete.
 *
 * @param maxFrameBytes The longest payload that was agreed.
 * @throws {@link DwcpError} `dwcp.header_crc`; `dwcp.protocol` for a reserved bit; `dwcp.frame_too_large`. Each means that
 *   the byte stream is out of step: the stream is closed and never resynchronised.
 * @see spec/dwcp.md B2
 */
export function decodeFrameHeader(
  bytes: Uint8Array,
  maxFrameBytes: number,
  crc32: Crc32,
): FrameHeader | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined;
  const reader = new NetworkReader(bytes);
  const type = reader.u8();
  const flags = reader.u8();
  const reserved = reader.u16();
  const payloadBytes = reader.u32();
  const handle = reader.u32();
  if (reader.u32() !== crc32(bytes.subarray(0, CHECKED_BYTES))) {
    throw new DwcpError("dwcp.header_crc", "the CRC of a frame header does not match");
  }
  if (reserved !== 0 || (flags & ~FLAG_CRITICAL) !== 0) {
    throw new DwcpError("dwcp.protocol", `reserved bits are set: flags ${flags}, ${reserved}`);
  }
  if (payloadBytes > Math.min(maxFrameBytes, MAX_FRAME_BYTES)) {
    throw new DwcpError(
      "dwcp.frame_too_large",
      `frame of ${payloadBytes} bytes, limit ${maxFrameBytes}`,
    );
  }
  return { type, flags, payloadBytes, handle };
}
