import { CHUNK_HEADER_BYTES, ChunkFlag, HEADER_BYTES, TAG_BYTES } from "./constants.js";
import { type Id64, id64 } from "./id64.js";
import { knownBits } from "./transfer-frames.js";
import { malformed, type WireReader } from "./wire-reader.js";
import type { WireWriter } from "./wire-writer.js";

const KNOWN_FLAGS = 15;

/** Header of a chunk in a DATA packet. Mutable and reused. spec/dcquic.md §17.5 */
export interface Chunk {
  /** Id at the puller. */
  readonly pullerId: Id64;
  /** Where the bytes belong, in wire bytes of the buffer. */
  wireOffset: number;
  /** How many bytes follow. */
  length: number;
  /** {@link ChunkFlag} bits. */
  flags: number;
  /** The pull it answers. */
  pullSeq: number;
}

/** What surrounds the bytes of one chunk in a datagram. */
export const AROUND_CHUNK_BYTES: number = HEADER_BYTES + CHUNK_HEADER_BYTES + TAG_BYTES;

/** Where DATA begins and how chunks are cut: memory that threads share is copied five times as fast where words meet words. */
export const WORD_BYTES = 8;

/** Bytes of the one chunk that fills a datagram of so many bytes, and ends where words do. */
export function fullChunkBytes(datagramBytes: number): number {
  const room = datagramBytes - AROUND_CHUNK_BYTES;
  return room - (room % WORD_BYTES);
}

/** Makes a chunk header to be filled. */
export function chunk(): Chunk {
  return { pullerId: id64(), wireOffset: 0, length: 0, flags: 0, pullSeq: 0 };
}

/** Writes the 24 bytes of a chunk's header. */
export function encodeChunkHeader(writer: WireWriter, frame: Chunk): void {
  writer.id(frame.pullerId);
  writer.counter(frame.wireOffset);
  writer.u16(frame.length);
  writer.u8(frame.flags);
  writer.u8(0);
  writer.u32(frame.pullSeq);
}

/**
 * Reads a chunk's header, moves past its bytes and returns where these begin in the slab.
 *
 * @throws DcquicError `dcquic.malformed`, also for an empty chunk without ACK_REQUEST.
 */
export function decodeChunk(reader: WireReader, into: Chunk): number {
  reader.id(into.pullerId);
  into.wireOffset = reader.counter();
  into.length = reader.u16();
  into.flags = knownBits(reader.u8(), KNOWN_FLAGS);
  if (reader.u8() !== 0) throw malformed("a reserved byte of a chunk is set");
  into.pullSeq = reader.u32();
  if (into.length === 0 && (into.flags & ChunkFlag.AckRequest) === 0) {
    throw malformed("an empty chunk asks for nothing");
  }
  return reader.take(into.length);
}
