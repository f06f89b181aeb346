import { CHUNK_HEADER_BYTES, type Chunk, encodeChunkHead } from "./chunk.js";
import { Codec } from "./codec.js";
import type { Crc32 } from "./crc32.js";
import { encodeFrameHeader, FRAME_HEADER_BYTES } from "./frame-header.js";
import { FrameType } from "./frame-type.js";

/** Bytes that a unit's frame has besides the encoded bytes. spec/dwcp.md B2, B5 */
export const CHUNK_OVERHEAD_BYTES: number = FRAME_HEADER_BYTES + CHUNK_HEADER_BYTES;

/**
 * Writes a CHUNK frame as the parts of one gathered write: both headers, then `chunk.encoded` itself, not a copy. Stored bytes are not
 * summed again: their checksum is the one that the unit states.
 *
 * @see spec/dwcp.md B2, B5
 */
export function chunkFrame(
  chunk: Chunk,
  handle: number,
  crc32: Crc32,
): readonly [Uint8Array, Uint8Array] {
  const { encoded } = chunk;
  const header = { type: FrameType.CHUNK, flags: 0, handle };
  const payloadBytes = CHUNK_HEADER_BYTES + encoded.length;
  const head = new Uint8Array(CHUNK_OVERHEAD_BYTES);
  head.set(encodeFrameHeader({ ...header, payloadBytes }, crc32));
  const encodedCrc = chunk.codec === Codec.RAW ? chunk.rawCrc : undefined;
  head.set(encodeChunkHead(chunk, crc32, encodedCrc), FRAME_HEADER_BYTES);
  return [head, encoded];
}
