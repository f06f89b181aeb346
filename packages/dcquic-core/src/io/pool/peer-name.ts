/**
 * Splits a peer's name, `host:port` or `[address]:port`.
 *
 * @throws RangeError
 */
export function parsePeerName(name: string): { host: string; port: number } {
  const colon = name.lastIndexOf(":");
  const port = Number(name.slice(colon + 1));
  const host = name.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  if (colon <= 0 || host === "" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`a peer is named host:port, not ${JSON.stringify(name)}`);
  }
  return { host, port };
}

/** Names a peer by its address. */
export function formatPeerName(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether an address stands for every address of its host. */
export function isUnspecified(host: string): boolean {
  return host === "" || host === "0.0.0.0" || host === "::";
}
