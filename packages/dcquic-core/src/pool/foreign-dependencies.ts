import type { Dependency } from "./call-options.js";
import type { PoolLayer } from "./pool-port.js";

const WORKER_SHIFT = 24;

/** The worker that issued a token. */
export function workerOf({ token }: Dependency): number {
  return token.hi >>> WORKER_SHIFT;
}

/**
 * Waits for calls that other workers serve, whose tokens the engine of this call knows nothing of. `done` is called once, with
 * the dependency whose failure takes the call along if there is one; inside the call if nothing has to be waited for.
 *
 * @see spec/dcquic.md §5, §18
 */
export function awaitForeign(
  layers: readonly PoolLayer[],
  foreign: readonly Dependency[],
  done: (failed: Dependency | undefined) => void,
): void {
  let missing = foreign.length;
  for (const dependency of foreign) {
    const { token, wait, cascade } = dependency;
    const reached = (how: "reached" | "failed"): void => {
      missing -= 1;
      if (how === "failed" && cascade && missing >= 0) {
        missing = -1;
        done(dependency);
      } else if (missing === 0) done(undefined);
    };
    const layer = layers[workerOf(dependency)];
    // Nobody issued it: what never was cannot come first.
    if (layer === undefined) throw new RangeError("a dependency on a token that was never issued");
    layer.watchToken(token, wait, reached);
  }
}
