/** The host and port of a `dcquic://host:port` URL as a peer's name; `undefined` for any other text. */
export function parseDcquicUrl(text: string): string | undefined {
  if (!text.startsWith("dcquic://") || !URL.canParse(text)) return undefined;
  const { host, port, pathname, search } = new URL(text);
  return port === "" || (pathname !== "" && pathname !== "/") || search !== "" ? undefined : host;
}
