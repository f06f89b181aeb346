import type { BindOptions } from "@proj/dcquic-core/node";

/**
 * Which worker of its pool is bound. A pool whose first port turns out to be taken for TCP binds all of them again: who counts
 * calls of `bind` counts those that are closed as well.
 */
export function workerOf({ config }: BindOptions): number {
  if (config?.worker === undefined) throw new TypeError("no worker of a pool");
  return config.worker;
}
