import type { Span, Telemetry } from "@proj/wire-types";
import { ReservedTag } from "./wire/constants.js";
import { type FrameHeader, tagValue } from "./wire/header.js";

/** Begins the span of one message, as a child of the one that its `traceparent` names. spec/xcp.md §21 */
export function startSpan(
  telemetry: Telemetry,
  name: "xcp.request" | "xcp.handle",
  header: Pick<FrameHeader, "msgType" | "channelId" | "tags">,
): Span {
  const labels = { msg_type: String(header.msgType), channel: String(header.channelId) };
  const traceparent = tagValue(header.tags, ReservedTag.TRACEPARENT);
  return telemetry.tracer.start(name, labels, traceparent);
}
