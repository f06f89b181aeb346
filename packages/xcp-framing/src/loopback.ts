import { XcpError } from "./errors.js";

const loopbackNames: readonly RegExp[] = [
  // RFC 6761: no resolver may send these elsewhere.
  /^(?:.+\.)?localhost$/,
  /^127(?:\.\d{1,3}){3}$/,
  // IPv6 in any spelling: ::1, and 127/8 as an IPv4-mapped address.
  /^[0:]*:0{0,3}1$/,
  /^[0:]*:ffff:127(?:\.\d{1,3}){3}$/,
  /^[0:]*:ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}$/,
];

/**
 * Tells whether `host`, without brackets, names this host and nothing else: an address in 127/8, `::1`, or `localhost`.
 *
 * Any other name does not, whatever it resolves to now: that may change.
 */
export function isLoopback(host: string): boolean {
  const [plain = ""] = host.toLowerCase().split("%");
  return loopbackNames.some((pattern) => pattern.test(plain));
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
