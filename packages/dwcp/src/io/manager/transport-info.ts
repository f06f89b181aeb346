import type { RmaReading } from "../rma/open-carrier.js";

/** What carries units, and why that. */
export interface TransportInfo {
  /** By which units go. */
  readonly provider: "tcp" | "tls" | "rdma";
  /** For people: as configured, on which device, or what is missing. */
  readonly reason: string;
}

/** Says what carries units: `rdma` only once some were read by it. spec/dwcp.md B14 */
export function transportOf(rma: RmaReading | undefined, stream: "tcp" | "tls"): TransportInfo {
  if (rma === undefined) return { provider: stream, reason: "as configured" };
  if (rma.kind === "missing") return { provider: stream, reason: `no rdma: ${rma.reason}` };
  if (stream === "tls") return { provider: stream, reason: "rdma would go past TLS" };
  if (rma.lentBytes + rma.readBytes > 0) return { provider: "rdma", reason: rma.reason };
  return { provider: stream, reason: `rdma is ready (${rma.reason}); no peer has used it` };
}
