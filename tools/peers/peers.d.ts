import type { Peer } from "./find.js";

export { chromium, command, java, namespaces, type Peer, python, runtime } from "./find.js";

/**
 * Describes tests that need a peer.
 *
 * Where it is missing, one skipped test says why. Where `REQUIRE_PEERS` names it (a list with commas, or `all`), that
 * test fails instead.
 */
export function describeWith<T>(title: string, peer: Peer<T>, tests: (found: T) => void): void;
