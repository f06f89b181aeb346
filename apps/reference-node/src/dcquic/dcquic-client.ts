import type { TransportPool } from "@proj/dcquic-core";
import { bindBest, createTransportPool } from "@proj/dcquic-core/node";
import { KEY_IDENTITY } from "./dcquic-service.js";

/** Opens a pool for calls to nodes; whoever gets it closes it. */
export function openDcquicPool(key: Uint8Array, host = "0.0.0.0"): Promise<TransportPool> {
  return createTransportPool({
    host,
    credentials: { kind: "psk", identity: KEY_IDENTITY, secret: key },
    closeGraceMs: 1000,
    bind: async (options) => (await bindBest(options)).driver,
  });
}
