import { wireError } from "@proj/wire-types";
import { DEFAULT_PORT } from "../wire/constants.js";
import { formatHost, type InetEndpoint } from "./endpoint.js";

/** A scheme of `connectXcp` and `serveXcp` that names a host and a port. */
export type NetworkScheme = "xcp" | "xcps" | "ws" | "wss" | "h2" | "h2c";

/** The port that each scheme means when its URL names none. */
const defaultPorts: Readonly<Record<NetworkScheme, number>> = {
  xcp: DEFAULT_PORT,
  xcps: DEFAULT_PORT,
  ws: 80,
  wss: 443,
  h2: 443,
  h2c: 80,
};

/** Every {@link NetworkScheme}. */
export const NETWORK_SCHEMES: readonly NetworkScheme[] = ["xcp", "xcps", "ws", "wss", "h2", "h2c"];

/** A URL of a network transport, taken apart. */
export interface ParsedUrl {
  /** Without the colon. */
  readonly scheme: NetworkScheme;
  /** Host without brackets, and the port. */
  readonly endpoint: InetEndpoint;
  /** Starts with `/`; without query. */
  readonly path: string;
  /** The URL as it was parsed. */
  readonly url: URL;
  /** Names the endpoint for people: no user, password or query, which may be secret. */
  readonly where: string;
}

/**
 * Takes the path out of `unix:/run/xcp.sock` or `unix:///run/xcp.sock`; `undefined` for another scheme.
 *
 * @throws WireError `wire.invalid_uri` without a path.
 */
export function parseUnixUrl(text: string): string | undefined {
  if (!text.startsWith("unix:")) return undefined;
  const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
  if (path === "")
    throw wireError("wire.invalid_uri", `a Unix socket's URL names no path: ${text}`);
  return path;
}

/**
 * Parses a URL that must have one of `schemes`.
 *
 * @param schemes Default: every one of {@link NETWORK_SCHEMES}; `unix:` is for {@link parseUnixUrl}.
 * @throws WireError `wire.invalid_uri`, naming what is wrong.
 */
export function parseTransportUrl(
  text: string,
  schemes: readonly NetworkScheme[] = NETWORK_SCHEMES,
): ParsedUrl {
  if (!URL.canParse(text)) throw wireError("wire.invalid_uri", `not a URL: ${text}`);
  const url = new URL(text);
  const scheme = schemes.find((candidate) => `${candidate}:` === url.protocol);
  if (scheme === undefined) {
    const wanted = schemes.map((candidate) => `${candidate}:`).join(", ");
    throw wireError("wire.invalid_uri", `scheme ${url.protocol} in place of ${wanted}`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "") throw wireError("wire.invalid_uri", `a ${scheme}: URL names no host`);
  if (url.hash !== "") throw wireError("wire.invalid_uri", `a ${scheme}: URL has no fragment`);
  // For `ws:` and `wss:` the parser drops a port that is the default one.
  const port = url.port === "" ? defaultPorts[scheme] : Number(url.port);
  const path = url.pathname === "" ? "/" : url.pathname;
  const where = `${scheme}://${formatHost(host, port)}${path === "/" ? "" : path}`;
  return { scheme, endpoint: { kind: "inet", host, port }, path, url, where };
}
