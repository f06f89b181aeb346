/** What a sending process measured, from its first byte to the word that everything is stored. */
export interface EndReport {
  readonly seconds: number;
  /** Until every byte was known to be there, written and with the right checksum. */
  readonly arrivedSeconds: number;
  /** What the sending process took of processors, in s. */
  readonly cpu: { readonly user: number; readonly system: number };
  readonly rawBytes: number;
  /** With headers and repeats. */
  readonly wireBytes: number;
  /** Bytes of units that were under way, looked at every 20 ms: what 19 of 20 looks found at most, and the most; 0 for a plain stream. */
  readonly inflight: { readonly p95: number; readonly most: number };
}

/** Where the far end listens. */
export const endPorts = { node: 7_000, sink: 7_001 } as const;
