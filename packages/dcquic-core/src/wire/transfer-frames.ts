import { type Id64, id64 } from "./id64.js";
import { decodeRanges, encodeRanges, RangeList } from "./ranges.js";
import { malformed, type WireReader } from "./wire-reader.js";
import type { WireWriter } from "./wire-writer.js";

const PROOF_BYTES = 16;
const LOWEST_PRIORITY = 7;

/** PULL_REQUEST: the puller asks for wire bytes. spec/dcquic.md §9.3 */
export interface PullRequest {
  /** Id at the announcer. */
  readonly announcerId: Id64;
  /** Id at the puller. */
  readonly pullerId: Id64;
  /** The buffer, which must be that of the transfer. */
  readonly bufferId: Id64;
  /** Number of the pull within its transfer. */
  pullSeq: number;
  /** {@link PullFlag} bits. */
  flags: number;
  /** 0 to 7. */
  priority: number;
  /** Bytes per second that are wished for; 0 is no wish. */
  rate: number;
  /** What is asked for, in wire bytes. */
  readonly ranges: RangeList;
}

/** RANGE_ACK: the puller has these wire bytes, or all of them. §9.5 */
export interface RangeAck {
  /** Id at the announcer. */
  readonly announcerId: Id64;
  /** {@link RangeAckFlag} bits. */
  flags: number;
  /** What arrived. */
  readonly ranges: RangeList;
}

/** CANCEL_PULL: the puller withdraws pulls; no ranges means all. §9.7 */
export interface CancelPull {
  /** Id at the announcer. */
  readonly announcerId: Id64;
  /** What is no longer wanted. */
  readonly ranges: RangeList;
}

/** FLOW_RESET: a transfer is not what the addressee thinks. §9.6 */
export interface FlowReset {
  /** Id at the addressee, 0 if unknown. */
  readonly addresseeId: Id64;
  /** Id at the sender, 0 if it has none. */
  readonly ownId: Id64;
  /** Number of the announcement, or `NO_NOTIFY_SEQ`. */
  notifySeq: number;
  /** {@link ResetCode}. */
  code: number;
}

/** TRANSFER_CHALLENGE, and its response, which adds the proof. §10.3 */
export interface Challenge {
  /** Id at the announcer. */
  readonly announcerId: Id64;
  /** Number of the announcement. */
  notifySeq: number;
  /** 16 random bytes. */
  readonly nonce: Uint8Array;
  /** 16 bytes that only who holds the payload can make; unused in a challenge. */
  readonly proof: Uint8Array;
}

/** PULL_HOLD: the pull arrived and has to wait. §9.8 */
export interface PullHold {
  /** Id at the puller. */
  readonly pullerId: Id64;
  /** The pull. */
  pullSeq: number;
  /** How long it will probably wait. */
  delayUs: number;
}

/** Makes a PULL_REQUEST to be filled. */
export function pullRequest(): PullRequest {
  return {
    announcerId: id64(),
    pullerId: id64(),
    bufferId: id64(),
    pullSeq: 0,
    flags: 0,
    priority: 0,
    rate: 0,
    ranges: new RangeList(),
  };
}

/** Writes the body of a PULL_REQUEST. */
export function encodePullRequest(writer: WireWriter, frame: PullRequest): void {
  writer.id(frame.announcerId);
  writer.id(frame.pullerId);
  writer.id(frame.bufferId);
  writer.u32(frame.pullSeq);
  writer.u8(frame.flags);
  writer.u8(frame.priority);
  writer.varint(frame.rate);
  encodeRanges(writer, frame.ranges);
}

/** Reads the body of a PULL_REQUEST. @throws DcquicError `dcquic.malformed` */
export function decodePullRequest(reader: WireReader, into: PullRequest): void {
  reader.id(into.announcerId);
  reader.id(into.pullerId);
  reader.id(into.bufferId);
  into.pullSeq = reader.u32();
  into.flags = knownBits(reader.u8(), 3);
  into.priority = priorityOf(reader.u8());
  into.rate = reader.varint();
  decodeRanges(reader, into.ranges);
}

/** Makes a RANGE_ACK to be filled. */
export function rangeAck(): RangeAck {
  return { announcerId: id64(), flags: 0, ranges: new RangeList() };
}

/** Writes the body of a RANGE_ACK. */
export function encodeRangeAck(writer: WireWriter, frame: RangeAck): void {
  writer.id(frame.announcerId);
  writer.u8(frame.flags);
  encodeRanges(writer, frame.ranges);
}

/** Reads the body of a RANGE_ACK. @throws DcquicError `dcquic.malformed` */
export function decodeRangeAck(reader: WireReader, into: RangeAck): void {
  reader.id(into.announcerId);
  into.flags = knownBits(reader.u8(), 1);
  decodeRanges(reader, into.ranges);
}

/** Makes a CANCEL_PULL to be filled. */
export function cancelPull(): CancelPull {
  return { announcerId: id64(), ranges: new RangeList() };
}

/** Writes the body of a CANCEL_PULL. */
export function encodeCancelPull(writer: WireWriter, frame: CancelPull): void {
  writer.id(frame.announcerId);
  encodeRanges(writer, frame.ranges);
}

/** Reads the body of a CANCEL_PULL. @throws DcquicError `dcquic.malformed` */
export function decodeCancelPull(reader: WireReader, into: CancelPull): void {
  reader.id(into.announcerId);
  decodeRanges(reader, into.ranges);
}

/** Makes a FLOW_RESET to be filled. */
export function flowReset(): FlowReset {
  return { addresseeId: id64(), ownId: id64(), notifySeq: 0, code: 0 };
}

const ALL_ONES: Id64 = id64(0xffffffff, 0xffffffff);

/** Writes the body of a FLOW_RESET. */
export function encodeFlowReset(writer: WireWriter, frame: FlowReset): void {
  writer.id(frame.addresseeId);
  writer.id(frame.ownId);
  if (frame.notifySeq < 0) writer.id(ALL_ONES);
  else writer.counter(frame.notifySeq);
  writer.varint(frame.code);
}

const scratch = id64();

/** Reads the body of a FLOW_RESET. @throws DcquicError `dcquic.malformed` */
export function decodeFlowReset(reader: WireReader, into: FlowReset): void {
  reader.id(into.addresseeId);
  reader.id(into.ownId);
  const at = reader.offset;
  reader.id(scratch);
  if (scratch.hi === ALL_ONES.hi && scratch.lo === ALL_ONES.lo) into.notifySeq = -1;
  else {
    reader.offset = at;
    into.notifySeq = reader.counter();
  }
  into.code = reader.varint();
}

/** Makes a challenge or a response to be filled. */
export function challenge(): Challenge {
  return {
    announcerId: id64(),
    notifySeq: 0,
    nonce: new Uint8Array(PROOF_BYTES),
    proof: new Uint8Array(PROOF_BYTES),
  };
}

/** Writes the body of a TRANSFER_CHALLENGE. */
export function encodeChallenge(writer: WireWriter, frame: Challenge): void {
  writer.id(frame.announcerId);
  writer.counter(frame.notifySeq);
  writer.copy(frame.nonce);
}

/** Reads the body of a TRANSFER_CHALLENGE. @throws DcquicError `dcquic.malformed` */
export function decodeChallenge(reader: WireReader, into: Challenge): void {
  reader.id(into.announcerId);
  into.notifySeq = reader.counter();
  reader.copyInto(into.nonce);
}

/** Writes the body of a TRANSFER_CHALLENGE_RESPONSE. */
export function encodeChallengeResponse(writer: WireWriter, frame: Challenge): void {
  encodeChallenge(writer, frame);
  writer.copy(frame.proof);
}

/** Reads the body of a TRANSFER_CHALLENGE_RESPONSE. @throws DcquicError `dcquic.malformed` */
export function decodeChallengeResponse(reader: WireReader, into: Challenge): void {
  decodeChallenge(reader, into);
  reader.copyInto(into.proof);
}

/** Makes a PULL_HOLD to be filled. */
export function pullHold(): PullHold {
  return { pullerId: id64(), pullSeq: 0, delayUs: 0 };
}

/** Writes the body of a PULL_HOLD. */
export function encodePullHold(writer: WireWriter, frame: PullHold): void {
  writer.id(frame.pullerId);
  writer.u32(frame.pullSeq);
  writer.varint(frame.delayUs);
}

/** Reads the body of a PULL_HOLD. @throws DcquicError `dcquic.malformed` */
export function decodePullHold(reader: WireReader, into: PullHold): void {
  reader.id(into.pullerId);
  into.pullSeq = reader.u32();
  into.delayUs = reader.varint();
}

/** Checks that a byte of flags has no bit outside `mask`. @throws DcquicError `dcquic.malformed` */
export function knownBits(flags: number, mask: number): number {
  if ((flags & ~mask) !== 0)
    throw malformed(`flags 0x${flags.toString(16)}, known 0x${mask.toString(16)}`);
  return flags;
}

/** Checks a priority. @throws DcquicError `dcquic.malformed` */
export function priorityOf(value: number): number {
  if (value > LOWEST_PRIORITY) throw malformed(`priority ${value}`);
  return value;
}
