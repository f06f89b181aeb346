import type { TransportPool } from "@proj/dcquic-core";
import type { Clock } from "@proj/wire-types";
import { encodePurpose } from "./purpose.js";

/** Payload of all requests of a burst, which are in memory at once, as their answers are. */
export const MAX_BURST_BYTES: number = 2 ** 30;

/** How many calls are made at once, and of what size. */
export interface BurstOptions {
  readonly peer: string;
  /** Calls, all begun before the first answer is looked at. */
  readonly streams: number;
  /** Bytes of each request, which come back as the answer; all requests together are at most {@link MAX_BURST_BYTES}. */
  readonly bytes: number;
  /** How long each call waits for its answer. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** What a burst came to. */
export interface BurstReport {
  readonly streams: number;
  readonly bytesEach: number;
  /** Calls that were answered. */
  readonly answered: number;
  /** Calls that failed, by code. */
  readonly failed: Readonly<Record<string, number>>;
  /** From the first call to the last answer. */
  readonly durationUs: number;
  readonly callsPerSecond: number;
  /** Payload of both directions. */
  readonly bytesPerSecond: number;
  /**
   * Payload of requests that were answered ÷ payload put on the wire for requests, all copies, both with the seals of records. What
   * the node sent twice of its answers is known to the node only. spec/dcquic.md §1.2
   */
  readonly goodputRatio: number;
  /** From a call's beginning to its answer. */
  readonly latencyUs: Readonly<Record<"p50" | "p90" | "p99" | "max", number>>;
}

const PERCENT = { p50: 0.5, p90: 0.9, p99: 0.99, max: 1 } as const;

/** Begins all calls at once and waits for all answers, each of which must be what was sent. */
export async function burst(pool: TransportPool, options: BurstOptions): Promise<BurstReport> {
  const { peer, streams, bytes, timeoutMs, clock } = options;
  await pool.connect(peer);
  const latencies: number[] = [];
  const failed: Record<string, number> = {};
  const meta = encodePurpose({ for: "echo" });
  const before = await payloadOf(pool);
  const startUs = clock.nowUs();
  const call = async (number: number): Promise<void> => {
    const beganUs = clock.nowUs();
    const fill = number % 256;
    try {
      const request = new Uint8Array(bytes).fill(fill);
      const { response } = pool.unaryRpc(peer, request, { meta, deadlineMs: timeoutMs });
      const answer = await response;
      const isSame = answer.bytes.length === bytes && answer.bytes.every((byte) => byte === fill);
      answer.release();
      if (isSame) latencies.push(clock.nowUs() - beganUs);
      else count(failed, "another answer");
    } catch (error) {
      count(failed, codeOf(error));
    }
  };
  await Promise.all(Array.from({ length: streams }, (_, number) => call(number)));
  const durationUs = clock.nowUs() - startUs;
  const after = await payloadOf(pool);
  const sent = after.sent - before.sent;
  // An answer is as long as its request, and sealed as it: what arrived for the first time is what was not sent in vain.
  const answered = after.received - before.received;
  return {
    streams,
    bytesEach: bytes,
    answered: latencies.length,
    failed,
    durationUs: Math.round(durationUs),
    callsPerSecond: Math.round((latencies.length / durationUs) * 1e6),
    bytesPerSecond: Math.round(((2 * bytes * latencies.length) / durationUs) * 1e6),
    goodputRatio: sent === 0 ? 1 : Math.min(1, answered / sent),
    latencyUs: percentiles(latencies),
  };
}

// With all copies that were sent, and once what arrived.
async function payloadOf(
  pool: TransportPool,
): Promise<Readonly<Record<"sent" | "received", number>>> {
  const counted = (await pool.measure()).map(({ measured }) => measured.counters);
  return {
    sent: counted.reduce((sum, { payloadSent }) => sum + payloadSent, 0),
    received: counted.reduce((sum, { payloadReceived }) => sum + payloadReceived, 0),
  };
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return String(code ?? message ?? error);
}

function percentiles(values: readonly number[]): BurstReport["latencyUs"] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0);
  return {
    p50: at(PERCENT.p50),
    p90: at(PERCENT.p90),
    p99: at(PERCENT.p99),
    max: at(PERCENT.max),
  };
}
