/** The subprotocol under which both ends take what this package adds to the wire. spec/capnweb.md §20.7 */
export const EXTENDED_PROTOCOL = "capnweb.ours.1";
/** The header by which a client of HTTP batches names the {@link EXTENDED_PROTOCOL}. spec/capnweb.md §20.7 */
export const EXTENSIONS_HEADER = "capnweb-extensions";
/**
 * Offered first: a server that takes the first offer without knowing any, as that of `ws` does, takes
 * this one, which adds nothing.
 */
export const PLAIN_PROTOCOL = "capnweb";
/** What a client offers that has opted in. */
export const OFFERED_PROTOCOLS: readonly string[] = [PLAIN_PROTOCOL, EXTENDED_PROTOCOL];

/**
 * Chooses among the subprotocols that a client offers, for a server that has opted in: what
 * `handleProtocols` of `ws` is for. `false` for none.
 */
export function chooseProtocol(offered: Iterable<string>): string | false {
  const names = new Set(offered);
  if (names.has(EXTENDED_PROTOCOL)) return EXTENDED_PROTOCOL;
  return names.has(PLAIN_PROTOCOL) ? PLAIN_PROTOCOL : false;
}

/** Tells whether a batch comes with the header that asks for extensions. */
export function asksForExtensions(header: string | readonly string[] | null | undefined): boolean {
  return [header ?? ""].flat().some((names) => names.split(/[\s,]+/).includes(EXTENDED_PROTOCOL));
}
