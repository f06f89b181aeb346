import { DwcpError } from "../errors.js";
import { CHUNK_HEADER_BYTES, type Chunk, encodeChunkHead } from "./chunk.js";
import type { Crc32 } from "./crc32.js";
import { encodeFrame } from "./frame-reader.js";
import { FrameType } from "./frame-type.js";
import { NetworkReader } from "./network-reader.js";
import { NetworkWriter } from "./network-writer.js";

/** Bytes of a CHUNK_AT payload: the head of a CHUNK, and where the encoded bytes lie. */
export const CHUNK_AT_BYTES: number = CHUNK_HEADER_BYTES + 8;

const UNIT_ID_AT = 0;
const ENCODED_BYTES_AT = 28;

/** A unit whose encoded bytes lie in its sender's memory. spec/dwcp.md B14 */
export interface ChunkAt {
  /** The 48 bytes that a CHUNK begins with, as a copy; put before the encoded bytes they are its payload. */
  readonly head: Uint8Array;
  /** What a refusal names. */
  readonly unitId: number;
  /** How many encoded bytes there are. */
  readonly encodedBytes: number;
  /** Where they begin in the memory that the sender opened, in bytes. */
  readonly offset: number;
}

/** Writes a whole CHUNK_AT frame for `chunk`, whose encoded bytes lie at `offset`. spec/dwcp.md B14 */
export function chunkAtFrame(
  chunk: Chunk,
  handle: number,
  offset: number,
  crc32: Crc32,
): Uint8Array<ArrayBuffer> {
  const payload = new NetworkWriter(CHUNK_AT_BYTES)
    .bytes(encodeChunkHead(chunk, crc32))
    .u64(offset)
    .view();
  return encodeFrame({ type: FrameType.CHUNK_AT, flags: 0, handle, payload }, crc32);
}

/**
 * Reads the payload of a CHUNK_AT frame. Its checksum covers the encoded bytes, so it is checked with them.
 *
 * @param mostBytes The most encoded bytes that a unit may have.
 * @throws {@link DwcpError} `dwcp.protocol` for another length or a place beyond 2^53; `dwcp.limit` for too many bytes.
 * @see spec/dwcp.md B14
 */
export function decodeChunkAt(payload: Uint8Array, mostBytes: number): ChunkAt {
  if (payload.length !== CHUNK_AT_BYTES) {
    throw new DwcpError("dwcp.protocol", `a CHUNK_AT of ${payload.length} bytes`);
  }
  const head = payload.slice(0, CHUNK_HEADER_BYTES);
  const unitId = new NetworkReader(head.subarray(UNIT_ID_AT)).u64();
  const encodedBytes = new NetworkReader(head.subarray(ENCODED_BYTES_AT)).u32();
  const offset = new NetworkReader(payload.subarray(CHUNK_HEADER_BYTES)).u64();
  if (encodedBytes === 0 || encodedBytes > mostBytes) {
    throw new DwcpError("dwcp.limit", `a unit of ${encodedBytes} bytes, limit ${mostBytes}`);
  }
  return { head, unitId, encodedBytes, offset };
}
