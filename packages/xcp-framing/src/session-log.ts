import type { LogLevel, LogRecord, LogSink, TransportInfo } from "@proj/wire-types";
import { type FrameHeader, tagValue } from "./wire/header.js";
import { ReservedTag } from "./wire/constants.js";

/** Names of the records this package writes. spec/xcp.md §21 */
export type XcpLogEvent =
  | "xcp.open"
  | "xcp.handshake"
  | "xcp.caps"
  | "xcp.close"
  | "xcp.error"
  | "xcp.nack_sent"
  | "xcp.nack_received"
  | "xcp.crc_error"
  | "xcp.replay"
  | "xcp.retransmit"
  | "xcp.chunk_abort"
  | "xcp.rekey"
  | "xcp.json_overuse"
  | "xcp.clarify";

/** What a record says about a message. */
type LoggedMessage = Pick<FrameHeader, "channelId" | "msgId" | "tags">;

/** Writes the records of one connection, each with the connection and its peer. */
export class SessionLog {
  readonly #sink: LogSink;
  readonly #bound: LogRecord["fields"];

  constructor(sink: LogSink, connection: string, info: TransportInfo) {
    this.#sink = sink;
    this.#bound = { conn: connection, peer: formatPeer(info), transport: info.transport };
  }

  /** Writes one record about the connection, or about a message where there is one. */
  write(
    level: LogLevel,
    event: XcpLogEvent,
    fields: LogRecord["fields"] = {},
    message?: LoggedMessage,
  ): void {
    const about = message === undefined ? undefined : messageFields(message);
    this.#sink.log({ level, event, fields: { ...this.#bound, ...about, ...fields } });
  }
}

function messageFields(message: LoggedMessage): LogRecord["fields"] {
  return {
    channel: message.channelId,
    msg_id: message.msgId,
    trace_id: tagValue(message.tags, ReservedTag.TRACE_ID),
    traceparent: tagValue(message.tags, ReservedTag.TRACEPARENT),
  };
}

/** The peer in text: `host:port`, a path or a URL. */
function formatPeer(info: TransportInfo): string {
  const peer = info.peer;
  switch (peer?.kind) {
    case "inet":
      return peer.host.includes(":") ? `[${peer.host}]:${peer.port}` : `${peer.host}:${peer.port}`;
    case "path":
      return peer.path;
    case "url":
      return peer.url;
    case "memory":
      return peer.name;
    case undefined:
      return "unknown";
  }
}
