import type { Machine } from "./machine.js";
import type { RoundSample } from "./round.js";
import { median, type Spread, spreadOf } from "./statistics.js";
import { type Fact, meets, type Target } from "./target.js";
import type { CpuState } from "./wakeful-cpus.js";

/** Which number of a round is compared between peers. */
export type Metric = "p50" | "throughput" | "cpu";

/** One peer's numbers, each the median over the rounds. */
export interface PeerResult {
  readonly name: string;
  /** Median time of one call, in microseconds. */
  readonly p50Us: number;
  /** 99th percentile of the time of one call, in microseconds. */
  readonly p99Us: number;
  /** Calls per second. */
  readonly callsPerSecond: number;
  /** Payload per second in MiB; absent where the case has no payload. */
  readonly mibPerSecond?: number;
  /** CPU time of all processes for one call, in microseconds. */
  readonly cpuUsPerCall: number;
  /** Ours divided by this peer, paired round by round; absent for ours. */
  readonly ratios?: Readonly<Record<Metric, Spread>>;
  /** The bound on the compared ratio. */
  readonly target?: Target;
  /** Whether the median of the compared ratio keeps the bound. */
  readonly met?: boolean;
}

/** All peers of one case. */
export interface CaseResult {
  readonly name: string;
  /** Which ratio the target and the table speak of. */
  readonly compared: Metric;
  readonly rounds: number;
  readonly peers: readonly PeerResult[];
}

/** What one run of a suite found. */
export interface SuiteResult {
  readonly name: string;
  readonly question: string;
  readonly machine: Machine;
  /** What the cores did while calls waited. */
  readonly cpus: CpuState;
  /** When the run started, ISO 8601. */
  readonly startedAt: string;
  readonly cases: readonly CaseResult[];
  readonly facts: readonly (Fact & { readonly met?: boolean })[];
}

/** A peer's samples, one per round. */
export interface PeerSamples {
  readonly name: string;
  readonly samples: readonly RoundSample[];
  readonly target?: Target | undefined;
}

const metricOf: Readonly<Record<Metric, (sample: RoundSample) => number>> = {
  p50: (sample) => sample.p50Us,
  throughput: (sample) => sample.calls / sample.wallUs,
  cpu: (sample) => sample.cpuUs / sample.calls,
};

/** Reduces the rounds of one case. The first of `peers` is ours: the others are compared with it. */
export function reduceCase(
  name: string,
  compared: Metric,
  peers: readonly PeerSamples[],
  payloadBytes: number | undefined,
): CaseResult {
  const ours = peers[0]?.samples ?? [];
  return {
    name,
    compared,
    rounds: ours.length,
    peers: peers.map((peer, index) => {
      const callsPerSecond = median(peer.samples.map((s) => (s.calls / s.wallUs) * 1e6));
      const plain = {
        name: peer.name,
        p50Us: median(peer.samples.map((s) => s.p50Us)),
        p99Us: median(peer.samples.map((s) => s.p99Us)),
        callsPerSecond,
        ...(payloadBytes === undefined
          ? {}
          : { mibPerSecond: (callsPerSecond * payloadBytes) / 2 ** 20 }),
        cpuUsPerCall: median(peer.samples.map((s) => s.cpuUs / s.calls)),
      };
      if (index === 0) return plain;
      const ratios = {
        p50: pairedRatios(ours, peer.samples, "p50"),
        throughput: pairedRatios(ours, peer.samples, "throughput"),
        cpu: pairedRatios(ours, peer.samples, "cpu"),
      };
      const { target } = peer;
      if (target === undefined) return { ...plain, ratios };
      return { ...plain, ratios, target, met: meets(ratios[compared].median, target) === true };
    }),
  };
}

function pairedRatios(
  ours: readonly RoundSample[],
  theirs: readonly RoundSample[],
  metric: Metric,
): Spread {
  const read = metricOf[metric];
  return spreadOf(
    ours.flatMap((sample, round) => {
      const pair = theirs[round];
      return pair === undefined ? [] : [read(sample) / read(pair)];
    }),
  );
}
