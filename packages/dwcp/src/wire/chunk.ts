import { concatBytes } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import { type CodecNumber, FLAG_PACKED_LISTS, isCodec } from "./codec.js";
import type { Crc32 } from "./crc32.js";
import { joinCrc32 } from "./join-crc32.js";
import { NetworkReader } from "./network-reader.js";
import { NetworkWriter } from "./network-writer.js";

/** Bytes of a CHUNK payload before the encoded bytes. spec/dwcp.md B5 */
export const CHUNK_HEADER_BYTES = 48;

const CHECKED_BYTES = 44;

/** A unit without its place in a transfer: what an encoder makes and a decoder takes. spec/dwcp.md B5 */
export interface UnitBody {
  /** Where the unit begins in the object, in bytes. */
  readonly rawOffset: number;
  /** How many bytes of the object it stands for. */
  readonly rawBytes: number;
  /** How `encoded` is to be read. */
  readonly codec: CodecNumber;
  /** {@link FLAG_PACKED_LISTS}, or 0. */
  readonly codecFlags: number;
  /** Which baseline it needs: a slot of the OFFER, {@link SLOT_NONE} or {@link SLOT_SELF}. */
  readonly baselineSlot: number;
  /** Which dictionary it needs; 0 is none. */
  readonly dictionarySlot: number;
  /** CRC-32 of the raw bytes. */
  readonly rawCrc: number;
  /** The encoded bytes. */
  readonly encoded: Uint8Array;
}

/** The payload of a CHUNK frame. spec/dwcp.md B5 */
export interface Chunk extends UnitBody {
  /** Rises with every unit that is sent, also with repeats. */
  readonly unitId: number;
  /** When it was sent, in µs of the sender's clock; the receiver echoes it. */
  readonly sentUs: number;
}

/** A unit as a decoder takes it. */
export interface ArrivedUnit extends UnitBody {
  /** CRC-32 of the encoded bytes, where that is known. */
  readonly encodedCrc?: number;
}

/** A chunk that came whole. */
export interface ArrivedChunk extends Chunk {
  /** CRC-32 of the encoded bytes. */
  readonly encodedCrc: number;
}

/**
 * Writes the first {@link CHUNK_HEADER_BYTES} of a CHUNK payload; their checksum covers `chunk.encoded`.
 *
 * @param encodedCrc CRC-32 of `chunk.encoded`, for whoever has it already.
 * @see spec/dwcp.md B5
 */
export function encodeChunkHead(
  chunk: Chunk,
  crc32: Crc32,
  encodedCrc: number = crc32(chunk.encoded),
): Uint8Array<ArrayBuffer> {
  const { encoded } = chunk;
  const writer = new NetworkWriter(CHUNK_HEADER_BYTES)
    .u64(chunk.unitId)
    .u64(chunk.rawOffset)
    .u32(chunk.rawBytes)
    .u8(chunk.codec)
    .u8(chunk.codecFlags)
    .u16(chunk.baselineSlot)
    .u32(chunk.dictionarySlot)
    .u32(encoded.length)
    .u32(chunk.rawCrc)
    .u64(chunk.sentUs);
  return writer.u32(joinCrc32(crc32(writer.view()), encodedCrc, encoded.length)).view();
}

/** Writes the payload of a CHUNK frame. spec/dwcp.md B5 */
export function encodeChunk(chunk: Chunk, crc32: Crc32): Uint8Array<ArrayBuffer> {
  return concatBytes([encodeChunkHead(chunk, crc32), chunk.encoded]);
}

/**
 * Reads the payload of a CHUNK frame.
 *
 * `encoded` is a view into `payload`.
 *
 * @param maxUnitRawBytes The most raw bytes that a unit may declare.
 * @throws {@link DwcpError} `dwcp.unit_crc`; `dwcp.protocol` for lengths that do not fit, unknown codecs and flags;
 *   `dwcp.limit` for a unit that declares too much.
 * @see spec/dwcp.md B5
 */
export function decodeChunk(
  payload: Uint8Array,
  maxUnitRawBytes: number,
  crc32: Crc32,
): ArrivedChunk {
  const reader = new NetworkReader(payload);
  const unitId = reader.u64();
  const rawOffset = reader.u64();
  const rawBytes = reader.u32();
  const codec = reader.u8();
  const codecFlags = reader.u8();
  const baselineSlot = reader.u16();
  const dictionarySlot = reader.u32();
  const encodedBytes = reader.u32();
  const rawCrc = reader.u32();
  const sentUs = reader.u64();
  const crc = reader.u32();
  const encoded = reader.rest();
  const encodedCrc = crc32(encoded);
  if (joinCrc32(crc32(payload.subarray(0, CHECKED_BYTES)), encodedCrc, encoded.length) !== crc) {
    throw new DwcpError("dwcp.unit_crc", `the CRC of unit ${unitId} does not match`);
  }
  if (encodedBytes !== encoded.length) {
    throw new DwcpError(
      "dwcp.protocol",
      `unit of ${encodedBytes} encoded bytes in ${encoded.length}`,
    );
  }
  if (!isCodec(codec) || (codecFlags & ~FLAG_PACKED_LISTS) !== 0) {
    throw new DwcpError("dwcp.protocol", `codec ${codec} with flags ${codecFlags}`);
  }
  if (rawBytes > maxUnitRawBytes) {
    throw new DwcpError("dwcp.limit", `unit of ${rawBytes} bytes, limit ${maxUnitRawBytes}`);
  }
  if (!Number.isSafeInteger(rawOffset + rawBytes)) {
    throw new DwcpError("dwcp.protocol", `unit of ${rawBytes} bytes at ${rawOffset}`);
  }
  return {
    unitId,
    rawOffset,
    rawBytes,
    codec,
    codecFlags,
    baselineSlot,
    dictionarySlot,
    rawCrc,
    sentUs,
    encoded,
    encodedCrc,
  };
}
