import type { TransportPool } from "@proj/dcquic-core";
import { bindBest, createTransportPool } from "@proj/dcquic-core/node";
import { KEY_IDENTITY } from "./dcquic-service.js";

/** How a pool for calls to nodes is opened. */
export interface DcquicPoolOptions {
  /** The address to bind; all of them if absent. */
  readonly host?: string;
  /** How long a handshake may take; 5 s if absent. */
  readonly timeoutMs?: number;
}

/** Opens a pool for calls to nodes; whoever gets it closes it. */
export function openDcquicPool(
  key: Uint8Array,
  { host = "0.0.0.0", timeoutMs }: DcquicPoolOptions = {},
): Promise<TransportPool> {
  return createTransportPool({
    host,
    ...(timeoutMs === undefined ? {} : { handshakeTimeoutMs: timeoutMs }),
    credentials: { kind: "psk", identity: KEY_IDENTITY, secret: key },
    closeGraceMs: 1000,
    bind: async (options) => (await bindBest(options)).driver,
  });
}
