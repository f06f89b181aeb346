import { isIP } from "node:net";

/** Where to listen or to dial, taken apart. */
export type EndpointUrl =
  | {
      readonly kind: "inet";
      readonly scheme: InetScheme;
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: "unix"; readonly path: string };

type InetScheme = "xcp" | "xcps" | "ws" | "wss" | "h2" | "h2c";

/** Schemes that need a certificate. */
export const secureSchemes: ReadonlySet<string> = new Set(["xcps", "wss", "h2"]);

/** Schemes with the port that a URL without one means. */
const defaultPorts: ReadonlyMap<string, number> = new Map([
  ["xcp", 9944],
  ["xcps", 9944],
  ["ws", 80],
  ["wss", 443],
  ["h2", 443],
  ["h2c", 80],
]);

/** Takes an endpoint's URL apart; a string says what is wrong with it. */
export function parseEndpointUrl(text: string): EndpointUrl | string {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (!path.startsWith("/")) return "the path of a Unix socket must be absolute";
    return path.length > 100
      ? `the path of a Unix socket has ${path.length} characters, more than 100`
      : { kind: "unix", path };
  }
  const scheme = /^([a-z0-9]+):\/\//.exec(text)?.[1];
  const defaultPort = defaultPorts.get(scheme ?? "");
  if (scheme === undefined || defaultPort === undefined) {
    return `${JSON.stringify(text)} does not start with a known scheme`;
  }
  // The URL class knows neither default ports nor hosts of foreign schemes; as http it checks both.
  const url = URL.canParse(text.replace(scheme, "http"))
    ? new URL(text.replace(scheme, "http"))
    : undefined;
  if (url === undefined) return `${JSON.stringify(text)} is not a URL`;
  if (url.username !== "" || url.password !== "") return "a URL must not carry credentials";
  const explicit = /:(\d+)(?:\/|$)/.exec(text.slice(scheme.length + 3))?.[1];
  const port = explicit === undefined ? defaultPort : Number(explicit);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { kind: "inet", scheme: scheme as InetScheme, host, port };
}

/** Whether nothing but this host can reach the endpoint. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
