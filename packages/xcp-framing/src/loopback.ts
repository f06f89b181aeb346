import { XcpError } from "./errors.js";

/**
 * Tells whether `host` names this host and nothing else: an address in 127/8, `::1`, or `localhost` (RFC 6761).
 *
 * Any other name does not, whatever it resolves to now: that may change.
 */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, "");
  return /^(127(\.\d{1,3}){3}|::1|localhost|.+\.localhost)$/.test(plain);
}

/** A use of a transport without encryption. */
export interface InsecureUse {
  /** The transport's name: `tcp`, `ws`, `h2c`. */
  readonly transport: string;
  /** Opens the sentence of the refusal: `connecting to`, `listening at`. */
  readonly doing: string;
  /** Without brackets. */
  readonly host: string;
  /** The port, for the sentence. */
  readonly port: number;
}

/**
 * Refuses a transport without encryption that would leave this host, unless that is allowed. spec/xcp.md §20
 *
 * @throws XcpError `xcp.crypt_required`
 */
export function refuseInsecure(use: InsecureUse, allowInsecure: boolean | undefined): void {
  const { transport, doing, host, port } = use;
  if (allowInsecure === true || isLoopback(host)) return;
  const where = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  throw new XcpError(
    "xcp.crypt_required",
    `${doing} ${where} over ${transport} would leave this host without encryption: ` +
      "use TLS, or set allowInsecure if something else protects the way",
    { details: { transport, host, port } },
  );
}
