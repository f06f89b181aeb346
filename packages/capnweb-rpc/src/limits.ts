import { resolveLimits } from "@proj/wire-types";

const ANY = Number.MAX_SAFE_INTEGER;

const table = {
  maxBigIntDigits: {
    default: 16_384,
    min: 0,
    max: ANY,
    unit: "characters, the sign included",
    reason: "turning decimal text into a bigint takes time that grows with its square",
  },
  maxDepth: {
    default: 256,
    min: 1,
    max: ANY,
    unit: "levels: the outermost value has level 0, and this level is refused",
    reason: "values are read recursively",
  },
  maxMessageSize: {
    default: 33_554_432,
    min: 1,
    max: ANY,
    unit: "UTF-16 code units of one message of text, checked before it is parsed",
    reason: "parsing takes several times the memory of the text",
  },
  maxExports: {
    default: 1_000_000,
    min: 1,
    max: ANY,
    unit: "live entries of the export table; one more ends the session",
    reason: "calls that are never released pin their results",
  },
  maxImports: {
    default: 1_000_000,
    min: 1,
    max: ANY,
    unit: "live entries of the import table; one more ends the session",
    reason: "a peer may introduce objects without end",
  },
  maxOutstandingCalls: {
    default: 100_000,
    min: 1,
    max: ANY,
    unit: "results the peer waits for; a call beyond that is rejected",
    reason: "calls cost their sender nothing while they run",
  },
  maxMapWork: {
    default: 1_000_000,
    min: 0,
    max: ANY,
    unit: "instructions carried out for one message; a map beyond that is rejected",
    reason: "nested maps multiply",
  },
  maxMapInstructions: {
    default: 10_000,
    min: 1,
    max: ANY,
    unit: "instructions of one map; a larger one is rejected",
    reason: "each keeps a result until its element is done",
  },
  maxMapCaptures: {
    default: 10_000,
    min: 0,
    max: ANY,
    unit: "captures of one map; a larger one is rejected",
    reason: "each takes a reference",
  },
  maxPipeBytes: {
    default: 268_435_456,
    min: 1,
    max: ANY,
    unit: "bytes, estimated, written to one stream and not taken up by it; more fails the stream",
    reason: "only the sender's good will holds back what nobody reads",
  },
  maxStreamBytes: {
    default: 1_073_741_824,
    min: 1,
    max: ANY,
    unit: "bytes, estimated, written to all streams of a session and not taken up",
    reason: "a peer may open any number of streams",
  },
  maxErrorSize: {
    default: 1_048_576,
    min: 0,
    max: ANY,
    unit: "bytes, estimated, of the properties of one error, sent or received; those beyond are left out",
    reason: "what is thrown may hold half an application, and errors are kept and logged",
  },
} as const;

/**
 * What a peer may cost. Local: never sent. The first three are the reference's. Each is a whole number.
 * spec/capnweb.md §13
 */
export interface RpcLimits {
  /** Characters of one decimal `bigint`, the sign included. */
  readonly maxBigIntDigits: number;
  /** Levels of nesting: the outermost value has level 0, and this level is refused. */
  readonly maxDepth: number;
  /** UTF-16 code units of one message of text, checked before it is parsed. */
  readonly maxMessageSize: number;
  /** Live entries of the export table. One more ends the session. */
  readonly maxExports: number;
  /** Live entries of the import table. One more ends the session. */
  readonly maxImports: number;
  /** Results that the peer waits for. A call beyond that is rejected. */
  readonly maxOutstandingCalls: number;
  /** Instructions of maps carried out for one message. A map beyond that is rejected. */
  readonly maxMapWork: number;
  /** Instructions of one map. A larger map is rejected. */
  readonly maxMapInstructions: number;
  /** Captures of one map. A larger map is rejected. */
  readonly maxMapCaptures: number;
  /** Bytes, as estimated, written to one stream here and not yet taken up by it. More fails the stream. */
  readonly maxPipeBytes: number;
  /** Bytes, as estimated, written to all streams of a session here and not yet taken up. */
  readonly maxStreamBytes: number;
  /**
   * Bytes, as estimated, of the properties of one error, sent or received, beside name, message and
   * stack. In their order, those that would exceed it are left out.
   */
  readonly maxErrorSize: number;
}

/** The levels of nesting that a sender keeps to and a receiver accepts by default. spec/capnweb.md §13 */
export const DEFAULT_MAX_DEPTH = 256;

/** The limits of a session for which nobody names any. spec/capnweb.md §13 */
export const DEFAULT_SESSION_LIMITS: RpcLimits = resolveLimits(table);

/** Those of {@link DEFAULT_SESSION_LIMITS} that the reference has, too, and nothing else. spec/capnweb.md §13 */
export const DEFAULT_LIMITS: Pick<RpcLimits, "maxBigIntDigits" | "maxDepth" | "maxMessageSize"> = {
  maxBigIntDigits: DEFAULT_SESSION_LIMITS.maxBigIntDigits,
  maxDepth: DEFAULT_SESSION_LIMITS.maxDepth,
  maxMessageSize: DEFAULT_SESSION_LIMITS.maxMessageSize,
};

/**
 * Completes `chosen` with the defaults; a field that is `undefined` counts as absent.
 *
 * @throws RangeError naming every field that is no limit, or no whole number in its range.
 */
export function completeLimits(chosen?: Partial<RpcLimits>): RpcLimits {
  return chosen === undefined ? DEFAULT_SESSION_LIMITS : resolveLimits(table, chosen);
}
