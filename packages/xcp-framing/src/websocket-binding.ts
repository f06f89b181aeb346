import { utf8Length, type WireError, wireError } from "@proj/wire-types";

/** The subprotocol that both ends must agree on. spec/xcp.md §20 */
export const XCP_SUBPROTOCOL = "xcp.v0.2";

/** Close codes of WebSocket. RFC 6455 §7.4.1 */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  UNSUPPORTED_DATA: 1003,
  /** The close frame named no code. */
  NO_CODE: 1005,
  /** No close frame came. */
  NO_CLOSE_FRAME: 1006,
  POLICY_VIOLATION: 1008,
} as const;

/** Why a text message is refused. */
export const TEXT_REFUSAL = "text messages are not XCP frames";

const ORDERLY: ReadonlySet<number> = new Set([
  CloseCode.NORMAL,
  CloseCode.GOING_AWAY,
  CloseCode.NO_CODE,
]);
const MAX_REASON_BYTES = 123;

/**
 * Explains the close of a WebSocket, or returns `undefined` for an orderly one.
 *
 * @param endSent Whether this side had closed before: then the peer only repeats its code.
 */
export function closeError(code: number, reason: string, endSent: boolean): WireError | undefined {
  const details = { code };
  if (code === CloseCode.NO_CLOSE_FRAME) {
    return wireError("wire.closed", "the connection was dropped", { details });
  }
  if (endSent || ORDERLY.has(code)) return undefined;
  const text = reason === "" ? "without a reason" : `for this reason: ${reason}`;
  return wireError("wire.closed", `the peer closed with ${code} ${text}`, { details });
}

/** Cuts a reason to what fits into a close frame. */
export function shortReason(reason: string): string {
  let short = reason;
  while (utf8Length(short) > MAX_REASON_BYTES) short = short.slice(0, -1);
  return short;
}
