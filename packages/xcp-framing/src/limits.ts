import { type Limits, type LimitTable, resolveLimits } from "@proj/wire-types";

/** The resource limits of a connection: default, range, unit, and what each one prevents. spec/xcp.md §3..§12 */
export const XcpLimitTable = {
  maxFrameBytes: {
    default: 1_048_576,
    min: 32,
    max: 4_294_967_295,
    unit: "bytes",
    reason: "one frame's PLEN would size an allocation",
  },
  sealedFrameBytes: {
    default: 131_072,
    min: 32,
    max: 4_294_967_295,
    unit: "bytes",
    reason:
      "the receiver of a large encrypted message would wait for all of it before it opens any",
  },
  maxHeaderBytes: {
    default: 16_384,
    min: 256,
    max: 65_535,
    unit: "bytes",
    reason: "every header is decoded before the peer is known to be allowed anything",
  },
  maxMessageBytes: {
    default: 67_108_864,
    min: 1_024,
    max: 9_007_199_254_740_991,
    unit: "bytes",
    reason: "a chunk train or a compressed body would grow without end",
  },
  maxInflight: {
    default: 1_024,
    min: 1,
    max: 1_000_000,
    unit: "messages",
    reason: "a peer would queue work faster than it is done",
  },
  dedupWindow: {
    default: 4_096,
    min: 64,
    max: 65_536,
    unit: "messages",
    reason: "a retransmission would be executed twice, or the record of ids grow without end",
  },
  maxChannels: {
    default: 256,
    min: 1,
    max: 65_536,
    unit: "channels",
    reason: "every channel that was named keeps state",
  },
  maxQueuedBytes: {
    default: 16_777_216,
    min: 65_536,
    max: 9_007_199_254_740_991,
    unit: "bytes",
    reason: "a peer that does not read would make the sender's queue grow",
  },
  helloTimeoutMs: {
    default: 5_000,
    min: 10,
    max: 600_000,
    unit: "ms",
    reason: "a silent peer would hold a connection without a handshake",
  },
  ackTimeoutMs: {
    default: 5_000,
    min: 10,
    max: 3_600_000,
    unit: "ms",
    reason: "a lost ACK would never be noticed",
  },
  maxAttempts: {
    default: 5,
    min: 1,
    max: 100,
    unit: "attempts",
    reason: "a message that cannot be delivered would be repeated forever",
  },
  chunkTimeoutMs: {
    default: 30_000,
    min: 10,
    max: 3_600_000,
    unit: "ms",
    reason: "an unfinished chunk train would hold its bytes forever",
  },
  pingIntervalMs: {
    default: 30_000,
    min: 10,
    max: 3_600_000,
    unit: "ms",
    reason: "a dead peer behind a silent network would never be noticed",
  },
  drainTimeoutMs: {
    default: 5_000,
    min: 0,
    max: 3_600_000,
    unit: "ms",
    reason: "a peer that never finishes would keep a closing connection open",
  },
  sessionKeepMs: {
    default: 300_000,
    min: 0,
    max: 86_400_000,
    unit: "ms",
    reason: "the duplicate windows of disconnected sessions would pile up",
  },
  clarificationDeadlineMs: {
    default: 30_000,
    min: 10,
    max: 3_600_000,
    unit: "ms",
    reason: "a message that waits for a clarification would wait forever",
  },
  maxClarificationRounds: {
    default: 3,
    min: 0,
    max: 100,
    unit: "rounds",
    reason: "two peers could ask each other without end",
  },
  maxCrcFailures: {
    default: 3,
    min: 1,
    max: 1_000,
    unit: "failures",
    reason: "a broken line would be read on and on",
  },
  crcFailureWindowMs: {
    default: 60_000,
    min: 10,
    max: 3_600_000,
    unit: "ms",
    reason: "CRC failures of a whole day would add up to a close",
  },
  maxDecryptFailures: {
    default: 3,
    min: 1,
    max: 1_000,
    unit: "failures",
    reason: "an attacker could try forged tags without end",
  },
} as const;

/** Resolved limits of a connection. */
export type XcpLimits = Limits<typeof XcpLimitTable>;

/**
 * Completes `chosen` with the defaults.
 *
 * @throws RangeError naming every field that is unknown or out of range.
 */
export function resolveXcpLimits(chosen: Partial<XcpLimits> = {}): XcpLimits {
  const table: LimitTable = XcpLimitTable;
  return resolveLimits(table, chosen) as XcpLimits;
}
