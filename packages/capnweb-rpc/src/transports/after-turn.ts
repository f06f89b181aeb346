const setImmediate = (globalThis as { readonly setImmediate?: (run: () => void) => void })
  .setImmediate;

/** Calls `run` when this turn of the event loop is over. */
export function afterTurn(run: () => void): void {
  if (setImmediate === undefined) setTimeout(run, 0);
  else setImmediate(run);
}
