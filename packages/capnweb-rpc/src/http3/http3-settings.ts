import { Http3Error } from "./http3-error.js";
import { encodeVarints, readVarint } from "./quic-varint.js";

/** Types of unidirectional streams. RFC 9114 §6.2, RFC 9204 §4.2 */
export const StreamType = { CONTROL: 0x00, QPACK_ENCODER: 0x02, QPACK_DECODER: 0x03 } as const;

/** The first number of a bidirectional stream that belongs to a WebTransport. draft-ietf-webtrans-http3 §4.3 */
export const WEBTRANSPORT_STREAM = 0x41;

/** Types of frames. RFC 9114 §7.2 */
export const FrameType = { DATA: 0x00, HEADERS: 0x01, SETTINGS: 0x04, GOAWAY: 0x07 } as const;

/** Types of capsules. draft-ietf-webtrans-http3 §6 */
export const CapsuleType = { CLOSE_WEBTRANSPORT_SESSION: 0x2843 } as const;

const Setting = {
  QPACK_MAX_TABLE_CAPACITY: 0x01,
  QPACK_BLOCKED_STREAMS: 0x07,
  ENABLE_CONNECT_PROTOCOL: 0x08,
  H3_DATAGRAM: 0x33,
  /** Of draft 2, which browsers still announce. */
  ENABLE_WEBTRANSPORT: 0x2b603742,
  /** Of draft 7 and later. */
  WEBTRANSPORT_MAX_SESSIONS: 0xc671706a,
} as const;

/** Writes what this end announces: extended CONNECT, WebTransport in both generations, and no dynamic table. */
export function encodeSettings(): Uint8Array<ArrayBuffer> {
  const values = [
    [Setting.QPACK_MAX_TABLE_CAPACITY, 0],
    [Setting.QPACK_BLOCKED_STREAMS, 0],
    [Setting.ENABLE_CONNECT_PROTOCOL, 1],
    [Setting.H3_DATAGRAM, 1],
    [Setting.ENABLE_WEBTRANSPORT, 1],
    [Setting.WEBTRANSPORT_MAX_SESSIONS, 1],
  ];
  return encodeVarints(...values.flat());
}

/** Whether a peer that announces these settings takes WebTransports. @throws Http3Error `FRAME_ERROR` */
export function takesWebTransport(settings: Uint8Array): boolean {
  const values = new Map<number, number>();
  for (let at = 0; at < settings.length;) {
    const id = readVarint(settings, at);
    const value = id && readVarint(settings, id.next);
    if (id === undefined || value === undefined) {
      throw new Http3Error("FRAME_ERROR", "SETTINGS end early");
    }
    values.set(id.value, value.value);
    at = value.next;
  }
  const has = (id: number): boolean => (values.get(id) ?? 0) > 0;
  return has(Setting.ENABLE_WEBTRANSPORT) || has(Setting.WEBTRANSPORT_MAX_SESSIONS);
}
