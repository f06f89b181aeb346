import type { TransportPool } from "@proj/dcquic-core";
import { createTransportPool, type TransportPoolConfig } from "@proj/dcquic-core/node";
import type { PoolPair } from "../conformance/pool-cases.js";

/** A key that both sides know. */
export const rackKey = {
  kind: "psk",
  identity: "rack",
  secret: new Uint8Array(32).fill(1),
} as const;

/** A pool on a port of this host that the system chose. */
export function localPool(more: Partial<TransportPoolConfig> = {}): Promise<TransportPool> {
  return createTransportPool({
    host: "127.0.0.1",
    credentials: rackKey,
    closeGraceMs: 1000,
    ...more,
  });
}

/** Two pools of the same kind, for the patterns. */
export async function localPair(more: Partial<TransportPoolConfig> = {}): Promise<PoolPair> {
  const [caller, answerer] = await Promise.all([localPool(more), localPool(more)]);
  return {
    caller,
    answerer,
    run: (done) => done,
    dispose: async () => {
      await Promise.all([caller.close(), answerer.close()]);
    },
  };
}
