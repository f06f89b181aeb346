/** How a node's sessions are secured. spec/dwcp.md B3 */
export type SessionSecurity =
  /** Must be chosen; refused on addresses that others can reach. */
  | { readonly mode: "none" }
  /** Both sides prove that they know `key`. */
  | { readonly mode: "psk"; readonly key: Uint8Array }
  /** The certificates of both sides were checked by TLS. */
  | { readonly mode: "mtls" };

/** What the connection below a handshake already gives. */
export interface ConnectionSecurity {
  /** Whether it is inside TLS. */
  readonly tls: boolean;
  /** Whether TLS checked the peer's certificate. */
  readonly peerAuthenticated: boolean;
  /** RFC 5705 keying material, where the connection is inside TLS. */
  exportKey?(length: number, label: string): Uint8Array;
}

/** A connection without TLS. */
export const PLAIN_CONNECTION: ConnectionSecurity = { tls: false, peerAuthenticated: false };

const EXPORT_LABEL = "EXPORTER-dwcp-session";
const EXPORT_BYTES = 32;

/** What the session key grows from: the pre-shared key, else what TLS exports, else nothing. spec/dwcp.md B3 */
export function sessionSecret(
  security: SessionSecurity,
  connection: ConnectionSecurity,
): Uint8Array {
  if (security.mode === "psk") return security.key;
  return connection.exportKey?.(EXPORT_BYTES, EXPORT_LABEL) ?? new Uint8Array(0);
}
