import { CloseScope, WireLimit } from "./constants.js";
import { type Id64, id64 } from "./id64.js";
import { knownBits } from "./transfer-frames.js";
import { malformed, type WireReader } from "./wire-reader.js";
import type { WireWriter } from "./wire-writer.js";

const OPENER_BIT = 0x01;
const SCOPE_SHIFT = 1;

/** STREAM_CLOSE. spec/dcquic.md §15 */
export interface StreamClose {
  /** The opening transfer's id at the opener. */
  readonly streamId: Id64;
  /** Whether the sender of the frame opened the stream. */
  opener: boolean;
  /** {@link CloseScope}. */
  scope: number;
  /** Status code of §15. */
  status: number;
  /** How many messages the sender announced in its direction. */
  finalCount: number;
  /** UTF-8 for people, at most 256 bytes. Read as a view of the packet. */
  reason: Uint8Array;
}

/** STREAM_CLOSE_ACK. §15 */
export interface StreamCloseAck {
  /** Of the close. */
  readonly streamId: Id64;
  /** Whether the sender of this frame opened the stream. */
  opener: boolean;
}

const NOTHING = new Uint8Array(0);

/** Makes a STREAM_CLOSE to be filled. */
export function streamClose(): StreamClose {
  return {
    streamId: id64(),
    opener: false,
    scope: CloseScope.Both,
    status: 0,
    finalCount: 0,
    reason: NOTHING,
  };
}

/** Writes the body of a STREAM_CLOSE. */
export function encodeStreamClose(writer: WireWriter, frame: StreamClose): void {
  writer.id(frame.streamId);
  writer.u8((frame.opener ? OPENER_BIT : 0) | (frame.scope << SCOPE_SHIFT));
  writer.varint(frame.status);
  writer.varint(frame.finalCount);
  writer.varint(frame.reason.length);
  writer.copy(frame.reason);
}

/** Reads the body of a STREAM_CLOSE. @throws DcquicError `dcquic.malformed` */
export function decodeStreamClose(reader: WireReader, into: StreamClose): void {
  reader.id(into.streamId);
  const flags = knownBits(reader.u8(), 7);
  into.opener = (flags & OPENER_BIT) !== 0;
  into.scope = flags >> SCOPE_SHIFT;
  if (into.scope > CloseScope.ReceiveDone) throw malformed(`scope ${into.scope}`);
  into.status = reader.varint();
  into.finalCount = reader.varint();
  into.reason = reader.view(reader.varintUpTo(WireLimit.maxReasonBytes, "a reason's length"));
}

/** Makes a STREAM_CLOSE_ACK to be filled. */
export function streamCloseAck(): StreamCloseAck {
  return { streamId: id64(), opener: false };
}

/** Writes the body of a STREAM_CLOSE_ACK. */
export function encodeStreamCloseAck(writer: WireWriter, frame: StreamCloseAck): void {
  writer.id(frame.streamId);
  writer.u8(frame.opener ? OPENER_BIT : 0);
}

/** Reads the body of a STREAM_CLOSE_ACK. @throws DcquicError `dcquic.malformed` */
export function decodeStreamCloseAck(reader: WireReader, into: StreamCloseAck): void {
  reader.id(into.streamId);
  into.opener = knownBits(reader.u8(), OPENER_BIT) !== 0;
}
