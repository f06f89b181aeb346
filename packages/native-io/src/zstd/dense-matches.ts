/**
 * What `longDistance: "dense"` asks of zstd, for sources and prefixes of which its own settings would try too few places: also
 * for whoever asks the same of another implementation, such as Node's.
 */
export const DENSE_MATCHES = {
  /** `ZSTD_c_ldmMinMatch`: the bytes of the shortest match. */
  minMatchBytes: 32,
  /** `ZSTD_c_ldmHashRateLog`: one place in 16 is remembered. */
  hashRateLog: 4,
} as const;
