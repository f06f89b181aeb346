import { isWireError } from "@proj/wire-types";
import { type NetworkScheme, parseTransportUrl, parseUnixUrl } from "@proj/xcp-framing/node";

/** Where to listen, taken apart. */
export type ListenUrl =
  | {
      readonly kind: "inet";
      readonly scheme: NetworkScheme;
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: "unix"; readonly path: string };

/** Schemes without TLS, each with its counterpart that has it. */
export const withTls: ReadonlyMap<NetworkScheme, NetworkScheme> = new Map([
  ["xcp", "xcps"],
  ["ws", "wss"],
  ["h2c", "h2"],
]);

/** The shortest limit of the systems that have Unix sockets, less the byte that ends the path. */
const MAX_SOCKET_PATH_BYTES = 103;

/** Takes the URL of an endpoint apart; a string says what is wrong with it. */
export function parseListenUrl(text: string): ListenUrl | string {
  try {
    const path = parseUnixUrl(text);
    return path === undefined ? networkUrl(text) : socketPath(path);
  } catch (error) {
    if (isWireError(error)) return error.message;
    throw error;
  }
}

function networkUrl(text: string): ListenUrl | string {
  const { scheme, endpoint, path, url } = parseTransportUrl(text);
  if (url.username !== "" || url.password !== "") return "a URL must not carry credentials";
  if (url.search !== "") return "the URL of an endpoint has no query";
  if ((scheme === "xcp" || scheme === "xcps") && path !== "/") {
    return `a ${scheme}: URL ends with its port, this one goes on with ${path}`;
  }
  return { kind: "inet", scheme, host: endpoint.host, port: endpoint.port };
}

function socketPath(path: string): ListenUrl | string {
  if (!path.startsWith("/")) return "the path of a Unix socket must be absolute";
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_SOCKET_PATH_BYTES) return { kind: "unix", path };
  return `the path of a Unix socket has ${bytes} bytes, limit ${MAX_SOCKET_PATH_BYTES}`;
}
