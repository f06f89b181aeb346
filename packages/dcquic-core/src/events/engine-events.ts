import { formatHex } from "@proj/wire-types";
import type { EngineEvent } from "../engine/events.js";
import { formatId } from "../wire/id64.js";
import type { DcquicEvent, EventGroupName, EventLevel } from "./event-groups.js";

/** Where events go: an `EventBus`, or what leads to one. */
export interface EventSink {
  /** Whether anyone wants events of a group and level. */
  wants(group: EventGroupName, level: EventLevel): boolean;
  /** Takes one. */
  emit(event: DcquicEvent): void;
}

interface Description {
  readonly group: EventGroupName;
  readonly level: EventLevel;
  readonly kind: string;
}

const DESCRIPTIONS: Readonly<Record<EngineEvent["kind"], Description>> = {
  transferAnnounced: { group: "transfer", level: "debug", kind: "transfer.announced" },
  transferServing: { group: "transfer", level: "debug", kind: "transfer.serving" },
  transferPulling: { group: "transfer", level: "debug", kind: "transfer.pulling" },
  transferReceiving: { group: "transfer", level: "debug", kind: "transfer.receiving" },
  transferOffered: { group: "transfer", level: "debug", kind: "transfer.offered" },
  recordPlaced: { group: "buffer", level: "debug", kind: "buffer.recordPlaced" },
  transferDelivered: { group: "transfer", level: "debug", kind: "transfer.delivered" },
  transferAccepted: { group: "transfer", level: "debug", kind: "transfer.accepted" },
  transferDrained: { group: "transfer", level: "debug", kind: "transfer.drained" },
  transferProgressed: { group: "transfer", level: "debug", kind: "transfer.progressed" },
  transferMoved: { group: "router", level: "info", kind: "router.transferMoved" },
  transferFailed: { group: "transfer", level: "info", kind: "transfer.failed" },
  tokenFailed: { group: "causality", level: "info", kind: "causality.tokenFailed" },
  rmaDowngraded: { group: "rma", level: "info", kind: "rma.downgraded" },
  streamClosed: { group: "stream", level: "debug", kind: "stream.closed" },
  streamCloseAcknowledged: { group: "stream", level: "debug", kind: "stream.closeAcknowledged" },
  peerStateChanged: { group: "health", level: "info", kind: "health.peerStateChanged" },
  peerHeardElsewhere: { group: "path", level: "debug", kind: "path.peerHeardElsewhere" },
  ratesDisagreed: { group: "cc", level: "info", kind: "cc.disagreement" },
  pathFailed: { group: "path", level: "critical", kind: "path.failed" },
  handshakeDue: { group: "handshake", level: "info", kind: "handshake.due" },
  unknownCredential: { group: "security", level: "info", kind: "security.unknownCredential" },
  unknownPathSecret: { group: "security", level: "info", kind: "security.unknownPathSecret" },
  securityNoted: { group: "security", level: "info", kind: "security.noted" },
};

// Those that say which event it is, or more than an observer should see.
const UNTOLD: ReadonlySet<string> = new Set(["kind", "isFirstWord", "reason", "meta"]);

/**
 * Tells a sink what an engine told its application, if anyone wants it; payloads and tokens are left out. What was offered whole
 * is told as delivered, too, and what drained with the first word of the peer as accepted before.
 */
export function tellEngineEvent(
  sink: EventSink,
  nowUs: number,
  worker: number,
  event: EngineEvent,
): void {
  const { group, kind, level } = DESCRIPTIONS[event.kind];
  if (!sink.wants(group, level)) return;
  if (event.kind === "transferDrained" && event.isFirstWord) {
    const { path, transfer } = event;
    tellEngineEvent(sink, nowUs, worker, { kind: "transferAccepted", path, transfer });
  }
  sink.emit({ tUs: nowUs, worker, group, level, kind, details: detailsOf(event) });
  if (event.kind !== "transferOffered" || event.whole === undefined) return;
  const { path, transfer, whole: bytes } = event;
  tellEngineEvent(sink, nowUs, worker, { kind: "transferDelivered", path, transfer, bytes });
}

function detailsOf(event: EngineEvent): Readonly<Record<string, string | number>> {
  const details: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(event)) {
    if (UNTOLD.has(key)) continue;
    if (typeof value === "number" || typeof value === "string") details[key] = value;
    else if (typeof value === "boolean") details[key] = value ? "yes" : "no";
    else if (isId(value)) details[key] = formatId(value);
    else if (key === "bytes" && value instanceof Uint8Array) details["byteLength"] = value.length;
    else if (key === "credentialId" && value instanceof Uint8Array) details[key] = formatHex(value);
  }
  return details;
}

function isId(value: unknown): value is { readonly hi: number; readonly lo: number } {
  return typeof value === "object" && value !== null && "hi" in value && "lo" in value;
}
