import { type Id64, id64 } from "@proj/dcquic-core";
import { chunk, encodeChunkHeader } from "#src/wire/chunk.js";
import { FrameType, NotifyFlag } from "#src/wire/constants.js";
import { encodeNotifyEntry, type NotifyEntry, notifyEntry } from "#src/wire/notify-entry.js";
import {
  encodeClosed,
  encodeProbe,
  encodeTransferAccept,
  transferAccept,
} from "#src/wire/path-frames.js";
import { RangeList } from "#src/wire/ranges.js";
import { encodeStreamClose } from "#src/wire/stream-frames.js";
import {
  encodeCancelPull,
  encodeChallenge,
  encodeFlowReset,
  encodePullHold,
  encodePullRequest,
  encodeRangeAck,
  pullRequest,
} from "#src/wire/transfer-frames.js";
import type { WireWriter } from "#src/wire/wire-writer.js";

/** Writes one frame, or one chunk. */
export type Frame = (writer: WireWriter) => void;

/** Ranges as pairs of start and end. */
export type Pairs = readonly (readonly [number, number])[];

/** Fills a list of ranges. */
export function rangesOf(pairs: Pairs): RangeList {
  const list = new RangeList();
  for (const [start, end] of pairs) list.add(start, end);
  return list;
}

/** A TRANSFER_NOTIFY of one message; inline unless `bytes` says how long a pulled one is. */
export function notifyFrame(more: Partial<NotifyEntry>, bytes?: number): Frame {
  return (writer) => {
    writer.u8(FrameType.TransferNotify);
    writer.u8(1);
    const inline = more.inline ?? new Uint8Array(0);
    const totalBytes = bytes ?? inline.length;
    encodeNotifyEntry(writer, {
      ...notifyEntry(),
      shape: 0x30,
      transferId: id64(1, more.notifySeq ?? 0),
      totalBytes,
      wireBytes: totalBytes,
      ...more,
      flags: (more.flags ?? 0) | (bytes === undefined ? NotifyFlag.Inline : 0),
      inline,
      inlineBytes: inline.length,
    });
  };
}

/** A PULL_REQUEST. */
export function pullFrame(announcerId: Id64, bufferId: Id64, pairs: Pairs, flags = 0): Frame {
  return (writer) => {
    writer.u8(FrameType.PullRequest);
    const frame = { ...pullRequest(), announcerId, bufferId, flags, pullerId: id64(1, 1) };
    encodePullRequest(writer, { ...frame, ranges: rangesOf(pairs) });
  };
}

/** A RANGE_ACK. */
export function ackFrame(announcerId: Id64, flags: number, pairs: Pairs = []): Frame {
  return (writer) => {
    writer.u8(FrameType.RangeAck);
    encodeRangeAck(writer, { announcerId, flags, ranges: rangesOf(pairs) });
  };
}

/** A CANCEL_PULL of ranges, or of everything. */
export function cancelFrame(announcerId: Id64, pairs: Pairs = []): Frame {
  return (writer) => {
    writer.u8(FrameType.CancelPull);
    encodeCancelPull(writer, { announcerId, ranges: rangesOf(pairs) });
  };
}

/** A FLOW_RESET of a transfer by the addressee's id. */
export function resetFrame(addresseeId: Id64, code: number, notifySeq = -1): Frame {
  return (writer) => {
    writer.u8(FrameType.FlowReset);
    encodeFlowReset(writer, { addresseeId, ownId: id64(), notifySeq, code });
  };
}

/** A TRANSFER_ACCEPT with one answer, and limits that raise none. */
export function acceptFrame(announcerId: Id64, status: number): Frame {
  return (writer) => {
    writer.u8(FrameType.TransferAccept);
    const entries = [{ announcerId, pullerId: id64(1, 1), status }];
    encodeTransferAccept(writer, { ...transferAccept(), count: 1, entries });
  };
}

/** A TRANSFER_CHALLENGE. */
export function challengeFrame(announcerId: Id64, notifySeq: number): Frame {
  return (writer) => {
    writer.u8(FrameType.TransferChallenge);
    const nonce = new Uint8Array(16).fill(3);
    encodeChallenge(writer, { announcerId, notifySeq, nonce, proof: nonce });
  };
}

/** A PULL_HOLD. */
export function holdFrame(pullerId: Id64, delayUs: number): Frame {
  return (writer) => {
    writer.u8(FrameType.PullHold);
    encodePullHold(writer, { pullerId, pullSeq: 0, delayUs });
  };
}

/** A CLOSED. */
export function closedFrame(floor: number, pairs: Pairs = []): Frame {
  return (writer) => {
    writer.u8(FrameType.Closed);
    encodeClosed(writer, { floor, ranges: rangesOf(pairs) });
  };
}

/** A STREAM_CLOSE by who opened the stream. */
export function closeFrame(streamId: Id64): Frame {
  return (writer) => {
    writer.u8(FrameType.StreamClose);
    const reason = new Uint8Array(0);
    encodeStreamClose(writer, {
      streamId,
      opener: true,
      scope: 0,
      status: 1,
      finalCount: 0,
      reason,
    });
  };
}

/** A PROBE. */
export function probeFrame(number = 5): Frame {
  return (writer) => {
    writer.u8(FrameType.Probe);
    encodeProbe(writer, { probeId: id64(0, number), flags: 0 });
  };
}

/** A chunk of DATA. */
export function chunkOf(pullerId: Id64, wireOffset: number, bytes: Uint8Array): Frame {
  return (writer) => {
    encodeChunkHeader(writer, { ...chunk(), pullerId, wireOffset, length: bytes.length });
    writer.copy(bytes);
  };
}
