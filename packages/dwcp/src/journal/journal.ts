import { formatHex, parseHex } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { Crc32 } from "../wire/crc32.js";
import { NetworkReader } from "../wire/network-reader.js";
import { NetworkWriter } from "../wire/network-writer.js";
import { ANY_LENGTH, mostBytes } from "../wire/raw-length.js";
import { CONTENT_ID_BYTES, TRANSFER_ID_BYTES } from "../wire/transfer-messages.js";

const MAGIC = 0x44574a31; // DWJ1
const CRC_BYTES = 4;
const NO_ROOT = "00".repeat(CONTENT_ID_BYTES);

/** Bytes of a journal's header. */
export const JOURNAL_HEADER_BYTES: number =
  4 + TRANSFER_ID_BYTES + 8 + 8 + 4 + CONTENT_ID_BYTES + CONTENT_ID_BYTES + CRC_BYTES;

/** Bytes of a record. spec/dwcp.md B4 */
export const JOURNAL_RECORD_BYTES = 24;

/** What a journal says of its transfer: a receiver goes on only where all of it is the same. spec/dwcp.md B4 */
export interface JournalHeader {
  /** 16 bytes, in hexadecimal. */
  readonly transferId: string;
  /** −1 where the offer could not say. */
  readonly rawLength: number;
  /** Of the object. */
  readonly generation: number;
  /** Bytes of a leaf. */
  readonly leafBytes: number;
  /** SHA-256 of the object's key, in hexadecimal. */
  readonly keyDigest: string;
  /** The content id of the whole object, where the offer stated it. */
  readonly rootHash: string | undefined;
}

/** A stretch that is durable. */
export interface JournalRecord {
  readonly start: number;
  readonly length: number;
  /** CRC-32 of the bytes. */
  readonly rawCrc: number;
}

/** Writes the header of a journal. */
export function encodeJournalHeader(header: JournalHeader, crc32: Crc32): Uint8Array {
  const writer = new NetworkWriter(JOURNAL_HEADER_BYTES)
    .u32(MAGIC)
    .bytes(parseHex(header.transferId))
    .u64(mostBytes(header.rawLength))
    .u64(header.generation)
    .u32(header.leafBytes)
    .bytes(parseHex(header.keyDigest))
    .bytes(parseHex(header.rootHash ?? NO_ROOT));
  return writer.u32(crc32(writer.view())).view();
}

/** Writes a record. */
export function encodeJournalRecord(record: JournalRecord, crc32: Crc32): Uint8Array {
  const writer = new NetworkWriter(JOURNAL_RECORD_BYTES)
    .u64(record.start)
    .u64(record.length)
    .u32(record.rawCrc);
  return writer.u32(crc32(writer.view())).view();
}

/** What is left of a journal after a crash. */
export interface Journal {
  readonly header: JournalHeader;
  /** The records up to the first one that is damaged or cut. */
  readonly records: readonly JournalRecord[];
  /** How long the part is that can be read: the rest is cut off before the next record. */
  readonly soundBytes: number;
}

/**
 * Reads a journal, up to the first record that does not hold.
 *
 * @throws {@link DwcpError} `dwcp.decode` when not even the header holds.
 * @see spec/dwcp.md B4
 */
export function decodeJournal(bytes: Uint8Array, crc32: Crc32): Journal {
  const header = decodeHeader(bytes, crc32);
  const records: JournalRecord[] = [];
  let at = JOURNAL_HEADER_BYTES;
  for (; at + JOURNAL_RECORD_BYTES <= bytes.length; at += JOURNAL_RECORD_BYTES) {
    const record = decodeRecord(bytes.subarray(at, at + JOURNAL_RECORD_BYTES), header, crc32);
    if (record === undefined) break;
    records.push(record);
  }
  return { header, records, soundBytes: at };
}

function decodeHeader(bytes: Uint8Array, crc32: Crc32): JournalHeader {
  const checked = JOURNAL_HEADER_BYTES - CRC_BYTES;
  if (bytes.length < JOURNAL_HEADER_BYTES) {
    throw new DwcpError("dwcp.decode", `a journal of ${bytes.length} bytes`);
  }
  const reader = new NetworkReader(bytes.subarray(0, JOURNAL_HEADER_BYTES));
  const magic = reader.u32();
  if (magic !== MAGIC || crcAt(bytes, checked) !== crc32(bytes.subarray(0, checked))) {
    throw new DwcpError("dwcp.decode", "the header of the journal does not hold");
  }
  const transferId = formatHex(reader.view(TRANSFER_ID_BYTES));
  const length = reader.u64();
  const rawLength = length === ANY_LENGTH ? -1 : length;
  const generation = reader.u64();
  const leafBytes = reader.u32();
  const keyDigest = formatHex(reader.view(CONTENT_ID_BYTES));
  const root = formatHex(reader.view(CONTENT_ID_BYTES));
  const rootHash = root === NO_ROOT ? undefined : root;
  return { transferId, rawLength, generation, leafBytes, keyDigest, rootHash };
}

function decodeRecord(
  bytes: Uint8Array,
  header: JournalHeader,
  crc32: Crc32,
): JournalRecord | undefined {
  const checked = JOURNAL_RECORD_BYTES - CRC_BYTES;
  if (crcAt(bytes, checked) !== crc32(bytes.subarray(0, checked))) return undefined;
  const reader = new NetworkReader(bytes);
  const record = { start: reader.u64(), length: reader.u64(), rawCrc: reader.u32() };
  return record.start + record.length <= mostBytes(header.rawLength) ? record : undefined;
}

function crcAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}
