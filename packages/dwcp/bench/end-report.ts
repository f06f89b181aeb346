/** What a sending process measured, from its first byte to the word that everything is stored. */
export interface WanReport {
  readonly seconds: number;
  readonly rawBytes: number;
  /** With headers and repeats. */
  readonly wireBytes: number;
}

/** Where the far end listens. */
export const wanPorts = { node: 7_000, sink: 7_001 } as const;
