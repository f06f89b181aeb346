import { DwcpError } from "../../errors.js";
import type { PeerAddress } from "./link-options.js";

// What says nothing about certificates: a network may break a handshake anywhere.
const TRANSPORT_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
]);
// Alerts of TLS arrive after a handshake that this side took for done: TLS 1.3 checks a client's certificate last.
const TLS_ALERT = "ERR_SSL_";

/** Says why a connection did not come to be, or ended before it was a stream. */
export function dialFailure(
  { host, port }: PeerAddress,
  cause: NodeJS.ErrnoException | undefined,
  stage: "connecting" | "securing" | "opening",
): DwcpError {
  const code = cause?.code ?? "";
  const refused =
    stage === "securing"
      ? cause !== undefined && !TRANSPORT_CODES.has(code)
      : code.startsWith(TLS_ALERT);
  const options = cause === undefined ? undefined : { cause };
  if (refused) {
    return new DwcpError("dwcp.auth_failed", `TLS with ${host}:${port} failed: ${code}`, options);
  }
  const text = stage === "opening" ? "hung up" : "does not answer";
  return new DwcpError("dwcp.timeout", `${host}:${port} ${text}`, options);
}
