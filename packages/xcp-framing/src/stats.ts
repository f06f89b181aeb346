import type { OpenSession } from "./open-session.js";
import type { Sender } from "./sender.js";
import type { SessionCore } from "./session-core.js";
import type { DirectionTraffic } from "./traffic.js";

/** Totals of one direction. */
export interface DirectionStats {
  /** Frames. */
  readonly frames: number;
  /** Bytes of whole frames. */
  readonly bytes: number;
  /** Whole messages with a body for the application. */
  readonly messages: number;
  /** NACK and ERROR frames. */
  readonly errors: number;
  /** JSON bytes / all bytes of DATA payloads in the last 60 s; 0 without traffic. spec/xcp.md §15.4 */
  readonly jsonShare: number;
  /** Epoch of the keys; 0 without CRYPT. */
  readonly epoch: number;
}

/** What a connection did so far and holds now. spec/xcp.md §21 */
export interface ConnectionStats {
  /** From this end to the peer. */
  readonly sent: DirectionStats;
  /** From the peer to this end. */
  readonly received: DirectionStats;
  /** Messages that arrived again and were dropped. */
  readonly duplicates: number;
  /** Messages that this end sent again. */
  readonly retransmissions: number;
  /** Frames whose CRC was wrong. */
  readonly crcErrors: number;
  /** Messages of this end that wait for a reply or an ACK. */
  readonly inflightSent: number;
  /** Messages of the peer that the application works on. */
  readonly inflightReceived: number;
  /** Bytes of messages that arrived in part. */
  readonly partialBytes: number;
  /** Bytes that wait to be written. */
  readonly queuedBytes: number;
}

/** Reads off what a session did and holds; `machines` are absent before its handshake is done. */
export function sessionStats(
  core: SessionCore,
  sender: Sender,
  machines: OpenSession | undefined,
): ConnectionStats {
  const { traffic, outbox, nowUs } = core;
  return {
    sent: directionStats(traffic.sent, nowUs, sender.epoch),
    received: directionStats(traffic.received, nowUs, machines?.intake.epoch ?? 0),
    duplicates: traffic.duplicates,
    retransmissions: traffic.retransmissions,
    crcErrors: traffic.crcErrors,
    inflightSent: sender.inflight,
    inflightReceived: machines?.inbox.inflight ?? 0,
    partialBytes: machines?.intake.partialBytes ?? 0,
    queuedBytes: outbox.queuedBytes,
  };
}

function directionStats(traffic: DirectionTraffic, nowUs: number, epoch: number): DirectionStats {
  return {
    frames: traffic.frames,
    bytes: traffic.bytes,
    messages: traffic.messages,
    errors: traffic.errors,
    jsonShare: traffic.share.share(nowUs),
    epoch,
  };
}
