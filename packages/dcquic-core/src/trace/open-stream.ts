import type { DcquicEvent } from "../events/event-groups.js";
import type { OpenMessage } from "./open-message.js";
import { namedSpanId, openerSpanId, type StreamIdentity, traceIdOf } from "./trace-ids.js";
import type { TraceFailure, TraceSpan } from "./trace-span.js";

/** A stream that is not over, on one of its sides. */
export class OpenStream {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** Whether this side opened it. */
  readonly isOpener: boolean;
  /** When it began; µs. */
  readonly startUs: number;
  /** Messages that are not over, by worker and transfer. */
  readonly messages: Map<string, OpenMessage> = new Map();
  /** The end of the latest of its messages; µs. */
  latestUs: number;
  /** Whether it ended, or nobody follows it any more. */
  isOver = false;
  readonly #parent: string | undefined;
  readonly #name: string;
  readonly #attributes: TraceSpan["attributes"];

  /** Takes `stream.opened`. */
  constructor({ tUs, details }: DcquicEvent) {
    const identity = identityOf(details);
    this.isOpener = details["side"] === "opener";
    this.traceId = traceIdOf(identity);
    const atOpener = openerSpanId(identity);
    this.spanId = this.isOpener ? atOpener : namedSpanId(this.traceId, "answerer");
    this.#parent = this.isOpener ? undefined : atOpener;
    this.startUs = tUs;
    this.latestUs = tUs;
    this.#name = `dcquic.${String(details["pattern"] ?? "stream")}`;
    this.#attributes = {
      "network.protocol.name": "dcquic",
      "network.protocol.version": "2",
      "network.transport": "udp",
      ...peerAttributes(String(details["peer"] ?? ""), this.isOpener ? "server" : "client"),
      "dcquic.stream.id": identity.streamId,
      "dcquic.stream.priority": Number(details["priority"] ?? 0),
      ...(identity.token === undefined ? {} : { "dcquic.token": identity.token }),
    };
  }

  /** Its span, once it is over. */
  end(tUs: number, failure: TraceFailure | undefined): TraceSpan {
    this.isOver = true;
    return {
      traceId: this.traceId,
      spanId: this.spanId,
      parentSpanId: this.#parent,
      isParentRemote: !this.isOpener,
      name: this.#name,
      kind: this.isOpener ? "client" : "server",
      startUs: this.startUs,
      endUs: Math.max(tUs, this.latestUs),
      attributes: this.#attributes,
      moments: [],
      links: [],
      failure,
    };
  }
}

function identityOf(details: DcquicEvent["details"]): StreamIdentity {
  const { traceSeed, streamId, token } = details;
  return {
    seed: String(traceSeed ?? "0".repeat(16)),
    streamId: String(streamId ?? "0".repeat(16)),
    token: token === undefined ? undefined : String(token),
  };
}

// A name is `host:port`, with an IPv6 address in brackets, or whatever a simulator calls its hosts.
function peerAttributes(peer: string, role: "server" | "client"): Record<string, string | number> {
  if (peer === "") return {};
  const [, host = peer, port] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(peer) ?? [];
  const address = { [`${role}.address`]: host };
  return port === undefined ? address : { ...address, [`${role}.port`]: Number(port) };
}
