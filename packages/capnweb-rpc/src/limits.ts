/** What one incoming message may hold. Local: never sent to the peer. spec/capnweb.md §13 */
export interface RpcLimits {
  /** Characters of one decimal `bigint`, the sign included. */
  readonly maxBigIntDigits: number;
  /** Levels of nesting: the outermost value has level 0, and this level is refused. */
  readonly maxDepth: number;
  /** UTF-16 code units of one message of text, checked before it is parsed. */
  readonly maxMessageSize: number;
}

/** The levels of nesting that a sender keeps to and a receiver accepts by default. spec/capnweb.md §13 */
export const DEFAULT_MAX_DEPTH = 256;

/** The limits of whoever names none. spec/capnweb.md §13 */
export const DEFAULT_LIMITS: RpcLimits = {
  maxBigIntDigits: 16_384,
  maxDepth: DEFAULT_MAX_DEPTH,
  maxMessageSize: 33_554_432,
};

/** Completes `chosen` with the defaults; a field that is `undefined` counts as absent. */
export function completeLimits(chosen: Partial<RpcLimits> = {}): RpcLimits {
  return {
    maxBigIntDigits: chosen.maxBigIntDigits ?? DEFAULT_LIMITS.maxBigIntDigits,
    maxDepth: chosen.maxDepth ?? DEFAULT_LIMITS.maxDepth,
    maxMessageSize: chosen.maxMessageSize ?? DEFAULT_LIMITS.maxMessageSize,
  };
}
