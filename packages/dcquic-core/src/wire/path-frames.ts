import { WIDE_ZERO } from "./wide-zero.js";
import { WireLimit } from "./constants.js";
import { type Id64, id64 } from "./id64.js";
import { decodeRanges, encodeRanges, RangeList } from "./ranges.js";
import { knownBits } from "./transfer-frames.js";
import { malformed, type WireReader } from "./wire-reader.js";
import type { WireWriter } from "./wire-writer.js";

const LAST_ACCEPT_STATUS = 6;

/** One answer in a TRANSFER_ACCEPT. spec/dcquic.md §9.2 */
export interface AcceptEntry {
  /** Id at the announcer. */
  readonly announcerId: Id64;
  /** Id at the puller. */
  readonly pullerId: Id64;
  /** {@link AcceptStatus}. */
  status: number;
}

/** TRANSFER_ACCEPT: answers to announcements, with the current limits. §9.2 */
export interface TransferAccept {
  /** Highest notifySeq, exclusive, that may be announced. */
  notifyLimit: number;
  /** Cumulative inline bytes that may be sent. */
  inlineLimit: number;
  /** How many of {@link TransferAccept.entries} are filled. */
  count: number;
  /** As many entries as a frame may carry. */
  readonly entries: readonly AcceptEntry[];
}

/** PROBE. §9.10 */
export interface Probe {
  /** Chosen by the sender. */
  readonly probeId: Id64;
  /** {@link ProbeFlag} bits. */
  flags: number;
}

/** PROBE_RESPONSE. §9.10 */
export interface ProbeResponse {
  /** Of the probe. */
  readonly probeId: Id64;
  /** The clock in the header of the probe's packet. */
  echoedClockUs: number;
  /** How long the response waited. */
  delayUs: number;
  /** See {@link TransferAccept.notifyLimit}. */
  notifyLimit: number;
  /** See {@link TransferAccept.inlineLimit}. */
  inlineLimit: number;
}

/** FEEDBACK: what arrived from one worker of the addressee. §9.11 */
export interface Feedback {
  /** The addressee's worker. */
  worker: number;
  /** Largest packet number that arrived. */
  largest: number;
  /** The clock in the header of that packet. */
  echoedClockUs: number;
  /** How long ago it arrived. */
  delayUs: number;
  /** Packets that arrived, in total. */
  packets: number;
  /** Bytes of their datagrams, in total. */
  bytes: number;
  /** Packets marked ECT(0). */
  ect0: number;
  /** Packets marked ECT(1). */
  ect1: number;
  /** Packets marked CE. */
  ce: number;
  /** See {@link TransferAccept.notifyLimit}. */
  notifyLimit: number;
  /** See {@link TransferAccept.inlineLimit}. */
  inlineLimit: number;
}

/** CLOSED: which of the sender's announcements are finished. §9.12 */
export interface Closed {
  /** All below are finished. */
  floor: number;
  /** And these, relative to the floor. */
  readonly ranges: RangeList;
}

/** Makes a TRANSFER_ACCEPT to be filled. */
export function transferAccept(): TransferAccept {
  const entries = Array.from({ length: WireLimit.maxAccepts }, () => ({
    announcerId: id64(),
    pullerId: id64(),
    status: 0,
  }));
  return { notifyLimit: 0, inlineLimit: 0, count: 0, entries };
}

/** Writes the body of a TRANSFER_ACCEPT. */
export function encodeTransferAccept(writer: WireWriter, frame: TransferAccept): void {
  writer.varint(frame.notifyLimit);
  writer.varint(frame.inlineLimit);
  writer.varint(frame.count);
  for (let i = 0; i < frame.count; i++) {
    const entry = entryAt(frame, i);
    writer.id(entry.announcerId);
    writer.id(entry.pullerId);
    writer.u8(entry.status);
  }
}

/** Reads the body of a TRANSFER_ACCEPT. @throws DcquicError `dcquic.malformed` */
export function decodeTransferAccept(reader: WireReader, into: TransferAccept): void {
  into.notifyLimit = reader.varint();
  into.inlineLimit = reader.varint();
  into.count = reader.varintUpTo(WireLimit.maxAccepts, "a count of answers");
  for (let i = 0; i < into.count; i++) {
    const entry = entryAt(into, i);
    reader.id(entry.announcerId);
    reader.id(entry.pullerId);
    entry.status = reader.u8();
    if (entry.status > LAST_ACCEPT_STATUS) throw malformed(`status ${entry.status}`);
  }
}

/** Answer `index` of a TRANSFER_ACCEPT. @throws RangeError beyond what a frame carries. */
export function entryAt(frame: TransferAccept, index: number): AcceptEntry {
  const entry = frame.entries[index];
  if (entry === undefined) throw new RangeError(`answer ${index} of ${frame.entries.length}`);
  return entry;
}

/** Makes a PROBE to be filled. */
export function probe(): Probe {
  return { probeId: id64(), flags: 0 };
}

/** Writes the body of a PROBE. */
export function encodeProbe(writer: WireWriter, frame: Probe): void {
  writer.id(frame.probeId);
  writer.u8(frame.flags);
}

/** Reads the body of a PROBE. @throws DcquicError `dcquic.malformed` */
export function decodeProbe(reader: WireReader, into: Probe): void {
  reader.id(into.probeId);
  into.flags = knownBits(reader.u8(), 3);
}

/** Makes a PROBE_RESPONSE to be filled. */
export function probeResponse(): ProbeResponse {
  return { probeId: id64(), echoedClockUs: 0, delayUs: 0, notifyLimit: 0, inlineLimit: 0 };
}

/** Writes the body of a PROBE_RESPONSE. */
export function encodeProbeResponse(writer: WireWriter, frame: ProbeResponse): void {
  writer.id(frame.probeId);
  writer.u32(frame.echoedClockUs);
  writer.varint(frame.delayUs);
  writer.varint(frame.notifyLimit);
  writer.varint(frame.inlineLimit);
}

/** Reads the body of a PROBE_RESPONSE. @throws DcquicError `dcquic.malformed` */
export function decodeProbeResponse(reader: WireReader, into: ProbeResponse): void {
  reader.id(into.probeId);
  into.echoedClockUs = reader.u32();
  into.delayUs = reader.varint();
  into.notifyLimit = reader.varint();
  into.inlineLimit = reader.varint();
}

/** Makes a FEEDBACK to be filled. */
export function feedback(): Feedback {
  return {
    worker: 0,
    largest: 0,
    echoedClockUs: 0,
    delayUs: 0,
    packets: 0,
    bytes: WIDE_ZERO,
    ect0: 0,
    ect1: 0,
    ce: 0,
    notifyLimit: 0,
    inlineLimit: 0,
  };
}

/** Writes the body of a FEEDBACK. */
export function encodeFeedback(writer: WireWriter, frame: Feedback): void {
  writer.u8(frame.worker);
  writer.counter(frame.largest);
  writer.u32(frame.echoedClockUs);
  writer.varint(frame.delayUs);
  writer.varint(frame.packets);
  writer.varint(frame.bytes);
  writer.varint(frame.ect0);
  writer.varint(frame.ect1);
  writer.varint(frame.ce);
  writer.varint(frame.notifyLimit);
  writer.varint(frame.inlineLimit);
}

/** Reads the body of a FEEDBACK. @throws DcquicError `dcquic.malformed` */
export function decodeFeedback(reader: WireReader, into: Feedback): void {
  into.worker = reader.u8();
  into.largest = reader.counter();
  into.echoedClockUs = reader.u32();
  into.delayUs = reader.varint();
  into.packets = reader.varint();
  into.bytes = reader.varint();
  into.ect0 = reader.varint();
  into.ect1 = reader.varint();
  into.ce = reader.varint();
  into.notifyLimit = reader.varint();
  into.inlineLimit = reader.varint();
}

/** Makes a CLOSED to be filled. */
export function closed(): Closed {
  return { floor: 0, ranges: new RangeList() };
}

/** Writes the body of a CLOSED. */
export function encodeClosed(writer: WireWriter, frame: Closed): void {
  writer.counter(frame.floor);
  encodeRanges(writer, frame.ranges);
}

/** Reads the body of a CLOSED. @throws DcquicError `dcquic.malformed` */
export function decodeClosed(reader: WireReader, into: Closed): void {
  into.floor = reader.counter();
  decodeRanges(reader, into.ranges);
}
