/** Answers milliseconds that never go back. Flow control measures with it, and survives any other clock. */
export type MonotonicClock = () => number;

/** The clock of the host. */
export const hostClock: MonotonicClock = () =>
  // oxlint-disable-next-line no-restricted-properties -- the one clock of the package, injected everywhere else
  performance.now();
