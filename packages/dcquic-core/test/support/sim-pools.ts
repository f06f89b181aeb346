import { setImmediate } from "node:timers/promises";
import { nullCrypto, type TransportPoolOptions } from "@proj/dcquic-core";
import { SimPools } from "@proj/dcquic-core/sim";

type SimOptions = ConstructorParameters<typeof SimPools>[0];

/** Pools on hosts of a world with seed 1, unless told otherwise. */
export function simPools(
  options: Partial<SimOptions> = {},
  pool: TransportPoolOptions = {},
): SimPools {
  return new SimPools({ seed: 1, hosts: 2, crypto: nullCrypto, ...options }, pool);
}

/** Runs a world until `done` is settled or `untilUs` is reached; returns what `done` gave. */
export async function runUntil<T>(pools: SimPools, done: Promise<T>, untilUs = 20e6): Promise<T> {
  const state = { isSettled: false };
  const settled = (): void => void (state.isSettled = true);
  done.then(settled, settled);
  const settle = (): Promise<unknown> => setImmediate();
  await settle();
  while (!state.isSettled && pools.world.step(untilUs)) await settle();
  if (!state.isSettled) throw new Error(`nothing came until ${untilUs} µs`);
  return done;
}
