import type { BbrPhase } from "../cc/bbr.js";
import type { Path } from "./path.js";

/** What an engine has to do, and what it thinks of its paths. spec/dcquic.md §21 */
export interface EngineLoad {
  /** Announcements that wait for credit or for their turn, by priority. */
  readonly queued: readonly number[];
  /** Its paths by the phase of BBR that they are in. */
  readonly phases: Readonly<Record<BbrPhase, number>>;
  /** What its share of the NIC carries; bytes per second. */
  readonly nicBytesPerSecond: number;
  /** What BBR believes all paths carry together; bytes per second. */
  readonly bandwidth: number;
  /** What may be on the way over all paths; bytes. */
  readonly windowBytes: number;
  /** What is on the way; bytes. */
  readonly inflightBytes: number;
  /** Smoothed round trip of the fastest path; 0 without paths; µs. */
  readonly leastRttUs: number;
  /** That of the slowest one. */
  readonly mostRttUs: number;
}

const PRIORITIES = 8;

/** Sums up what an engine's paths are at. Looks at each of them. */
export function loadOf(paths: Iterable<Path>, nicBytesPerSecond: number): EngineLoad {
  const queued = Array.from({ length: PRIORITIES }, () => 0);
  const phases: Record<BbrPhase, number> = {
    startup: 0,
    drain: 0,
    down: 0,
    cruise: 0,
    refill: 0,
    up: 0,
    probeRtt: 0,
  };
  let [bandwidth, windowBytes, inflightBytes] = [0, 0, 0];
  let leastRttUs = Number.POSITIVE_INFINITY;
  let mostRttUs = 0;
  for (const path of paths) {
    const { announceQueue, rtt } = path;
    for (let level = 0; level < PRIORITIES; level++) {
      queued[level] = (queued[level] ?? 0) + announceQueue.depth(level);
    }
    leastRttUs = Math.min(leastRttUs, rtt.srttUs);
    mostRttUs = Math.max(mostRttUs, rtt.srttUs);
    if (!path.hasSent) {
      // What an idle path would begin with is no reason to make it.
      phases.startup += 1;
      continue;
    }
    const { bbr, inflightBytes: inflight } = path.congestion;
    phases[bbr.phase] += 1;
    bandwidth += bbr.bandwidth;
    windowBytes += bbr.windowBytes;
    inflightBytes += inflight;
  }
  if (leastRttUs === Number.POSITIVE_INFINITY) leastRttUs = 0;
  return {
    nicBytesPerSecond,
    queued,
    phases,
    bandwidth,
    windowBytes,
    inflightBytes,
    leastRttUs,
    mostRttUs,
  };
}
