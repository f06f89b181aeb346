import type { PeerAddress } from "@proj/dwcp/node";

/** The host and port of a `dwcp://host:port` URL; `undefined` for any other text. */
export function parseDwcpUrl(text: string): PeerAddress | undefined {
  if (!text.startsWith("dwcp://") || !URL.canParse(text)) return undefined;
  const { hostname, port, pathname, search, username } = new URL(text);
  const isPlain = (pathname === "" || pathname === "/") && search === "" && username === "";
  if (!isPlain || hostname === "" || port === "") return undefined;
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
}

/** Writes an address as a URL. */
export function formatDwcpUrl({ host, port }: PeerAddress): string {
  return `dwcp://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
