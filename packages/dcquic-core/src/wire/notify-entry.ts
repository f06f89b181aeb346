import { NotifyFlag, Pattern, WireLimit } from "./constants.js";
import { type Id64, id64 } from "./id64.js";
import {
  decodeDeps,
  decodeRma,
  dependencies,
  type DependencyList,
  encodeDeps,
  encodeRma,
  rmaDescriptors,
  type RmaList,
} from "./notify-lists.js";
import { priorityOf } from "./transfer-frames.js";
import { malformed, type WireReader } from "./wire-reader.js";
import type { WireWriter } from "./wire-writer.js";

/**
 * One announcement. Mutable and reused: a decoded one holds views of the packet.
 *
 * @see spec/dcquic.md §17.4
 */
export interface NotifyEntry extends DependencyList, RmaList {
  /** {@link Pattern} and {@link Shape} bits. */
  shape: number;
  /** {@link NotifyFlag} bits; they say which of the fields below count. */
  flags: number;
  /** 0 to 7. */
  priority: number;
  /** {@link Protection}. */
  protection: number;
  /** log2 of the record size, 14 to 24, or 0 without records. */
  recordLog2: number;
  /** Number of the announcement among those of its worker. */
  notifySeq: number;
  /** Id at the announcer. */
  readonly transferId: Id64;
  /** Id of the stream. */
  readonly streamId: Id64;
  /** Number of the message in its direction. */
  messageSeq: number;
  /** Plain bytes of the message. */
  totalBytes: number;
  /** TOKEN: the causality token. */
  readonly token: Id64;
  /** MOVED: the worker that announced it first. */
  movedWorker: number;
  /** MOVED: its number there. */
  movedNotifySeq: number;
  /** MOVED: the credential id of that path, zeros when it is this one. 16 bytes. */
  readonly movedCredentialId: Uint8Array;
  /** Not INLINE: the buffer. */
  readonly bufferId: Id64;
  /** Not INLINE: where the message begins in the buffer, in wire bytes. */
  wireOffset: number;
  /** Not INLINE: how many wire bytes it has. */
  wireBytes: number;
  /** Not INLINE: 16 bytes that bind the records together. */
  readonly binding: Uint8Array;
  /** DATA_KEY: 32 bytes. */
  readonly dataKey: Uint8Array;
  /** DATA_KEY: the message's number under the key. */
  messageNumber: number;
  /** META: for the acceptor to choose a handler by, at most 1024 bytes. */
  meta: Uint8Array;
  /** What the payload lies in, if it rides inline: no view of it alone, which would cost more than the rest of the entry. */
  inline: Uint8Array;
  /** Where it begins there. */
  inlineAt: number;
  /** How long it is; 0 if nothing rides inline. */
  inlineBytes: number;
}

const NOTHING = new Uint8Array(0);
const PATTERN_MASK = 7;
const RESERVED_SHAPE = 0x80;
const MAX_PROTECTION = 2;
const MIN_RECORD_LOG2 = 14;
const MAX_RECORD_LOG2 = 24;

/** Makes an announcement to be filled. */
export function notifyEntry(): NotifyEntry {
  return {
    shape: 0,
    flags: 0,
    priority: 0,
    protection: 0,
    recordLog2: 0,
    notifySeq: 0,
    transferId: id64(),
    streamId: id64(),
    messageSeq: 0,
    totalBytes: 0,
    token: id64(),
    depCount: 0,
    deps: dependencies(),
    movedWorker: 0,
    movedNotifySeq: 0,
    movedCredentialId: new Uint8Array(16),
    bufferId: id64(),
    wireOffset: 0,
    wireBytes: 0,
    binding: new Uint8Array(16),
    dataKey: new Uint8Array(32),
    messageNumber: 0,
    rmaCount: 0,
    rma: rmaDescriptors(),
    meta: NOTHING,
    inline: NOTHING,
    inlineAt: 0,
    inlineBytes: 0,
  };
}

/** Writes an entry with its length. One above 1280 bytes counts as an overflow of the writer. */
export function encodeNotifyEntry(writer: WireWriter, entry: NotifyEntry): void {
  const start = writer.offset;
  writer.u16(0);
  writer.u8(entry.shape);
  writer.u8(entry.flags);
  writer.u8(entry.priority | (entry.protection << 4));
  writer.u8(entry.recordLog2);
  writer.counter(entry.notifySeq);
  writer.id(entry.transferId);
  writer.id(entry.streamId);
  writer.varint(entry.messageSeq);
  writer.varint(entry.totalBytes);
  if ((entry.flags & NotifyFlag.Token) !== 0) writer.id(entry.token);
  if ((entry.flags & NotifyFlag.Deps) !== 0) encodeDeps(writer, entry);
  if ((entry.flags & NotifyFlag.Moved) !== 0) {
    writer.u8(entry.movedWorker);
    writer.counter(entry.movedNotifySeq);
    writer.copy(entry.movedCredentialId);
  }
  if ((entry.flags & NotifyFlag.Inline) === 0) {
    writer.id(entry.bufferId);
    writer.varint(entry.wireOffset);
    writer.varint(entry.wireBytes);
    writer.copy(entry.binding);
  }
  if ((entry.flags & NotifyFlag.DataKey) !== 0) {
    writer.copy(entry.dataKey);
    writer.u48(entry.messageNumber);
  }
  if ((entry.flags & NotifyFlag.Rma) !== 0) encodeRma(writer, entry);
  if ((entry.flags & NotifyFlag.Meta) !== 0) {
    writer.varint(entry.meta.length);
    writer.copy(entry.meta);
  }
  if ((entry.flags & NotifyFlag.Inline) !== 0) {
    writer.varint(entry.inlineBytes);
    writer.copy(entry.inline, entry.inlineAt, entry.inlineBytes);
  }
  const length = writer.offset - start - 2;
  if (length > WireLimit.maxEntryBytes) writer.overflowed = true;
  if (!writer.overflowed) writer.patchU16(start, length);
}

/** Reads an entry. @throws DcquicError `dcquic.malformed` */
export function decodeNotifyEntry(reader: WireReader, into: NotifyEntry): void {
  const length = reader.u16();
  if (length > WireLimit.maxEntryBytes || length > reader.remaining) {
    throw malformed(`an entry of ${length} bytes`);
  }
  const outerEnd = reader.end;
  reader.end = reader.offset + length;
  decodeFixed(reader, into);
  if ((into.flags & NotifyFlag.Token) !== 0) reader.id(into.token);
  into.depCount = 0;
  if ((into.flags & NotifyFlag.Deps) !== 0) decodeDeps(reader, into);
  if ((into.flags & NotifyFlag.Moved) !== 0) {
    into.movedWorker = reader.u8();
    into.movedNotifySeq = reader.counter();
    reader.copyInto(into.movedCredentialId);
  }
  if ((into.flags & NotifyFlag.Inline) === 0) decodePlace(reader, into);
  if ((into.flags & NotifyFlag.DataKey) !== 0) {
    reader.copyInto(into.dataKey);
    into.messageNumber = reader.u48();
  }
  into.rmaCount = 0;
  if ((into.flags & NotifyFlag.Rma) !== 0) decodeRma(reader, into);
  into.meta = NOTHING;
  if ((into.flags & NotifyFlag.Meta) !== 0) {
    into.meta = reader.view(reader.varintUpTo(WireLimit.maxMetaBytes, "a meta's length"));
  }
  into.inline = NOTHING;
  into.inlineAt = 0;
  into.inlineBytes = 0;
  if ((into.flags & NotifyFlag.Inline) !== 0) {
    into.inline = reader.bytes;
    into.inlineBytes = reader.varintUpTo(WireLimit.maxInlineBytes, "an inline length");
    into.inlineAt = reader.take(into.inlineBytes);
    if (into.inlineBytes !== into.totalBytes) {
      throw malformed(`${into.inlineBytes} bytes inline of ${into.totalBytes}`);
    }
  }
  if (reader.remaining !== 0) throw malformed(`${reader.remaining} bytes too many in an entry`);
  reader.end = outerEnd;
}

function decodeFixed(reader: WireReader, into: NotifyEntry): void {
  into.shape = reader.u8();
  into.flags = reader.u8();
  const packed = reader.u8();
  into.priority = priorityOf(packed & 15);
  into.protection = packed >> 4;
  into.recordLog2 = reader.u8();
  if (
    (into.shape & RESERVED_SHAPE) !== 0 ||
    (into.shape & PATTERN_MASK) > Pattern.RawBulk ||
    into.protection > MAX_PROTECTION
  ) {
    throw malformed(`shape ${into.shape} with protection ${into.protection}`);
  }
  if (
    into.recordLog2 !== 0 &&
    (into.recordLog2 < MIN_RECORD_LOG2 || into.recordLog2 > MAX_RECORD_LOG2)
  ) {
    throw malformed(`records of 2^${into.recordLog2} bytes`);
  }
  into.notifySeq = reader.counter();
  reader.id(into.transferId);
  reader.id(into.streamId);
  into.messageSeq = reader.varint();
  into.totalBytes = reader.varintUpTo(WireLimit.maxMessageBytes, "a message's size");
}

function decodePlace(reader: WireReader, into: NotifyEntry): void {
  reader.id(into.bufferId);
  into.wireOffset = reader.varint();
  into.wireBytes = reader.varintUpTo(2 * WireLimit.maxMessageBytes, "a wire size");
  reader.copyInto(into.binding);
  if (into.wireBytes < into.totalBytes || into.wireOffset > WireLimit.maxMessageBytes) {
    throw malformed(`${into.totalBytes} bytes in ${into.wireBytes} at ${into.wireOffset}`);
  }
}
