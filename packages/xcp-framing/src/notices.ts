import type { WireError } from "@proj/wire-types";
import { refusalOf } from "./refusal.js";
import type { SessionCore } from "./session-core.js";
import { MsgType } from "./wire/constants.js";
import {
  encodeErrorBody,
  encodeGoaway,
  encodeRelease,
  encodeUnsupported,
  type Release,
  type Unsupported,
} from "./wire/control.js";

/** Gives a lease back early. spec/xcp.md §16.3 */
export function sendRelease(core: SessionCore, release: Release, channelId: number): void {
  if (core.legacy) return;
  const payload = encodeRelease(release, core.controlCodec);
  core.sendControl(MsgType.RELEASE, payload, { channelId, inReplyTo: release.msgId });
}

/** Tells the peer in detail what about a message is not supported, beside its NACK. spec/xcp.md §7 */
export function sendUnsupported(core: SessionCore, body: Unsupported, channelId: number): void {
  if (core.legacy) return;
  const payload = encodeUnsupported(body, core.controlCodec);
  core.sendControl(MsgType.UNSUPPORTED, payload, { channelId, inReplyTo: body.msgId });
}

/** Announces that this end takes no new requests, to a peer that understands; tells whether it was announced. §7 */
export function sendGoaway(core: SessionCore, reason: number): "sent" | "notUnderstood" {
  if (!core.mayAnnounceEnd) return "notUnderstood";
  const body = { lastMsgId: core.lastReceivedId, reason };
  core.sendControl(MsgType.GOAWAY, encodeGoaway(body, core.controlCodec));
  return "sent";
}

/** Says why the connection ends, to a peer that understands. After a wrong MAGIC nothing is answered. §3, §7 */
export function sendError(core: SessionCore, error: WireError): void {
  if (!core.mayAnnounceEnd || error.code === "xcp.bad_magic") return;
  const refusal = refusalOf(error);
  const errorCode =
    core.peerKnowsCodes || core.negotiated === undefined ? refusal.wire : refusal.base;
  const body = { errorCode, detail: refusal.detail };
  core.sendControl(MsgType.ERROR, encodeErrorBody(body, core.controlCodec));
  core.traffic.sent.countError(errorCode);
}
