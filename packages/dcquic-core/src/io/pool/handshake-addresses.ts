import type { Hello } from "../../path/hello.js";
import type { UdpAddress } from "../peer-addresses.js";
import { isUnspecified, parsePeerName } from "./peer-name.js";

// As many as one host has NICs. §1.1
const MAX_ADDRESSES = 8;

/** The addresses of a pool at which its handshakes are answered: every one that a worker is bound to, each once. */
export function answeredHosts(bound: readonly { readonly host: string }[]): readonly string[] {
  const hosts = [...new Set(bound.map(({ host }) => host))];
  // Whoever listens on all of them needs no other, and could not have it.
  const all = hosts.find(isUnspecified);
  return all === undefined ? hosts : [all];
}

/**
 * Where a peer's handshakes are answered: where its name says, and at the addresses of its other NICs once it was heard which those are,
 * at the port of its lowest worker.
 *
 * @throws RangeError for a name that names no address.
 */
export function handshakeAddresses(name: string, heard: Hello | undefined): readonly UdpAddress[] {
  const named = parsePeerName(name);
  const endpoints = (heard?.endpoints ?? []).toSorted((a, b) => a.worker - b.worker);
  const port = endpoints[0]?.ports[0];
  const hosts = new Set(endpoints.map(({ host }) => host));
  hosts.delete(named.host);
  const others = [...hosts].filter((host) => port !== undefined && !isUnspecified(host));
  return [named, ...others.map((host) => ({ host, port: port ?? named.port }))].slice(
    0,
    MAX_ADDRESSES,
  );
}
