import type { EngineContext } from "./context.js";

/** Numbers of an engine, for metrics and tests. */
export interface EngineStats {
  /** Bytes of payload put on the wire, all copies. */
  readonly payloadSent: number;
  /** Bytes of payload that arrived for the first time. */
  readonly payloadReceived: number;
  /** Transfers and tombstones in the table. */
  readonly entries: number;
  /** Tracked transfers. */
  readonly tracked: number;
  /** Bytes asked for and not settled. */
  readonly outstandingBytes: number;
  /** Timers that are scheduled. */
  readonly timers: number;
  /** Closes that wait for an answer. */
  readonly closes: number;
}

/** Sums up what an engine holds; `closes` wait for an answer. */
export function statsOf(context: EngineContext, closes: number): EngineStats {
  const { counters, transfers, causality, pulls, wheel } = context;
  const { payloadReceived, payloadSent } = counters;
  return {
    payloadSent,
    payloadReceived,
    entries: transfers.size,
    tracked: causality.size,
    outstandingBytes: pulls.outstanding,
    timers: wheel.size,
    closes,
  };
}
