import type { BulkCall } from "./bulk-call.js";
import type { BulkResult } from "./placement.js";

/** One buffer on its way to many peers: one key, one ciphertext, independent outcomes. */
export interface Broadcast {
  /** By peer. */
  readonly outcomes: ReadonlyMap<string, Promise<BulkResult>>;
  /** Resolves when all outcomes are settled. */
  readonly all: Promise<ReadonlyMap<string, PromiseSettledResult<BulkResult>>>;
  /** Ends what is not over. */
  cancel(status?: number): void;
}

/** Gathers the calls of a broadcast. */
export function broadcastOf(calls: ReadonlyMap<string, BulkCall>): Broadcast {
  const outcomes = new Map([...calls].map(([peer, call]) => [peer, call.done] as const));
  const all = Promise.allSettled(outcomes.values()).then((results) => {
    const peers = [...outcomes.keys()];
    return new Map(results.map((result, i) => [peers[i] ?? "", result] as const));
  });
  return {
    outcomes,
    all,
    cancel: (status) => {
      for (const call of calls.values()) call.cancel(status);
    },
  };
}
