import { uniform } from "@proj/wire-types";
import type { PeerState } from "../health/peer-health.js";
import { ProbeFlag } from "../wire/constants.js";
import type { Feedback, ProbeResponse } from "../wire/path-frames.js";
import { type EngineContext, TimerKind } from "./context.js";
import type { KeyRetirement } from "./key-retirement.js";
import type { Path } from "./path.js";
import { Status } from "./status.js";

const DISAGREEMENT_ROUNDS = 4;
const SILENT_PTOS = 3;
const DEGRADED_PACE = 0.5;
const LATE_PROBES = 8;
const CHANGES = {
  healthy: "becameHealthy",
  degraded: "becameDegraded",
  probing: "becameProbing",
  failed: "becameFailed",
} as const;
/** The upper half of the ids of probes that ask how large a datagram may be. */
export const MTU_PROBE = 1;

/**
 * What a path does for itself: feedback, limits, probes, and noticing that its peer is gone.
 *
 * @see spec/dcquic.md §9.10–§9.12, §11, §13.3, §14
 */
export class PathKeeper {
  readonly #context: EngineContext;
  readonly #failed: (path: Path, status: number) => void;
  readonly #retirement: KeyRetirement;

  /** Has `retirement` run in time. `failed` is called for a path whose peer was silent for too long. */
  constructor(
    context: EngineContext,
    retirement: KeyRetirement,
    failed: (path: Path, status: number) => void,
  ) {
    this.#context = context;
    this.#retirement = retirement;
    this.#failed = failed;
  }

  /** Notes that an authentic packet arrived: the backoff of all timers ends. §13.1 */
  heard(nowUs: number, path: Path): void {
    path.health.heard(nowUs);
    path.rtt.heard();
  }

  /** Obeys a FEEDBACK. */
  onFeedback(nowUs: number, path: Path, frame: Feedback): void {
    this.limits(path, frame.notifyLimit, frame.inlineLimit);
    if (frame.worker !== this.#context.config.worker) return;
    const sentUs = this.#sentUs(path, frame.largest);
    if (path.congestion.feedback(nowUs, frame)) path.health.acknowledged(nowUs, sentUs);
    else this.#context.note("protocolViolation", path);
    this.#compareRates(nowUs, path);
  }

  // When a packet was sent that may be an answer of its own: one with a PROBE is answered by what answers that.
  #sentUs({ congestion, probePacket }: Path, packet: number): number {
    const sentUs = packet === probePacket ? undefined : congestion.timeOf(packet);
    return sentUs ?? Number.NEGATIVE_INFINITY;
  }

  // The puller wishes for far more than the network seems to carry, for some time: someone should know. §12
  #compareRates(nowUs: number, path: Path): void {
    const { bandwidth } = path.congestion.bbr;
    const agrees = bandwidth === 0 || path.servingBytes === 0 || 2 * bandwidth >= path.wish.rate;
    if (agrees) {
      path.disagreeSinceUs = Number.POSITIVE_INFINITY;
      path.isDisagreementTold = false;
      return;
    }
    path.disagreeSinceUs = Math.min(path.disagreeSinceUs, nowUs);
    const roundsUs = DISAGREEMENT_ROUNDS * path.rtt.srttUs;
    if (path.isDisagreementTold || nowUs - path.disagreeSinceUs < roundsUs) return;
    path.isDisagreementTold = true;
    this.#context.events.push({
      kind: "ratesDisagreed",
      path: path.id,
      bandwidth: Math.floor(bandwidth),
      wished: path.wish.rate,
    });
  }

  /** Takes limits of the peer; older and smaller ones are ignored. §11 */
  limits(path: Path, notifyLimit: number, inlineLimit: number): void {
    path.notifyLimit = Math.max(path.notifyLimit, notifyLimit);
    path.inlineLimit = Math.max(path.inlineLimit, inlineLimit);
    if (path.announceReady()) path.blockedUs = Number.POSITIVE_INFINITY;
  }

  /** Obeys a PROBE_RESPONSE. */
  onProbeResponse(nowUs: number, path: Path, frame: ProbeResponse): void {
    this.limits(path, frame.notifyLimit, frame.inlineLimit);
    if (frame.probeId.hi === MTU_PROBE) path.mtu.answered(nowUs, frame.probeId.lo);
    // One that is answered late was answered: round trips grow where the way becomes another one.
    const later = (path.probeId - frame.probeId.lo) >>> 0;
    if (frame.probeId.hi !== 0 || later >= LATE_PROBES) return;
    if (path.probeSentUs === Number.POSITIVE_INFINITY) return;
    const rttUs = ((Math.floor(nowUs) >>> 0) - frame.echoedClockUs) >>> 0;
    if (rttUs >= frame.delayUs && rttUs < this.#context.config.peerTimeoutUs) {
      path.rtt.sample(Math.max(1, rttUs - frame.delayUs));
    }
    path.probeSentUs = Number.POSITIVE_INFINITY;
    path.health.probeAnswered(nowUs);
  }

  /** Tells of a new state of a path's peer, and has it take effect. §14 */
  healthChanged(path: Path, before: PeerState): void {
    const { state } = path.health;
    const { events, counters } = this.#context;
    counters[CHANGES[state]] += 1;
    events.push({ kind: "peerStateChanged", path: path.id, state });
    path.congestion.paceShare = state === "degraded" ? DEGRADED_PACE : 1;
    // What was learned before the silence may be true no more.
    if (state === "degraded" && before === "probing") path.congestion.bbr.restart();
    if (state === "failed") this.#failed(path, Status.PeerFailed);
  }

  /** Weighs an ICMP message about a path. */
  icmp(nowUs: number, path: Path, kind: "unreachable" | "sourceQuench"): void {
    const { icmpPolicy } = this.#context.config;
    const trust = path.addresses.length > 1 ? "elsewhere" : icmpPolicy;
    path.health.icmp(nowUs, kind, path.rtt.srttUs, trust);
    this.#probeNow(nowUs, path);
  }

  /** Asks of a path's peer whether it is still reached, because the way to it changed. */
  doubt(nowUs: number, path: Path): void {
    path.health.doubt(nowUs);
    this.#probeNow(nowUs, path);
  }

  /** The path's timer ran out. */
  onTimer(nowUs: number, path: Path): void {
    path.timerUs = Number.POSITIVE_INFINITY;
    if (path.blockedUs <= nowUs) {
      path.blockedUs = nowUs + path.rtt.backedOffPtoUs;
      path.probeFlags = ProbeFlag.Blocked;
      path.rtt.expired(nowUs);
    }
    if (path.probeAtUs <= nowUs) this.#considerProbe(nowUs, path);
    if (path.closed.isDue(nowUs)) path.creditDue = true;
    if (this.#retirement.nextUs(path) <= nowUs) this.#retirement.run(nowUs, path);
  }

  /** Schedules the path's timer for what comes next. */
  arm(nowUs: number, path: Path): void {
    const isBlocked = path.announceQueue.occupied !== 0 && !path.announceReady();
    if (isBlocked && path.blockedUs === Number.POSITIVE_INFINITY) {
      path.blockedUs = nowUs + path.rtt.ptoUs;
      this.#context.counters.creditWaits += 1;
    }
    const { state } = path.health;
    // Who refuses new calls has to find out by itself when it may take them again.
    const isWatched = path.live > 0 || state === "probing" || state === "failed";
    let dueUs = Math.min(path.blockedUs, this.#retirement.nextUs(path));
    // What is due to be sent waits for the bucket of the NIC, not for this timer.
    if (path.feedback.dueUs > nowUs) dueUs = Math.min(dueUs, path.feedback.dueUs);
    if (isWatched) dueUs = Math.min(dueUs, path.probeAtUs);
    // Who sends nothing need not know how large it may be.
    if (path.live > 0) {
      const freeUs = Math.max(nowUs + 1, this.#context.nic.nextFreeUs);
      dueUs = Math.min(dueUs, Math.max(freeUs, path.mtu.dueUs));
    }
    if (!path.creditDue) dueUs = Math.min(dueUs, Math.max(nowUs + 1, path.closed.nextUs() + 1));
    if (dueUs === path.timerUs) return;
    path.timerUs = dueUs;
    path.timer = this.#context.disarm(path.timer);
    if (dueUs === Number.POSITIVE_INFINITY) return;
    path.timer = this.#context.arm(path.timer, dueUs, TimerKind.Path, path.id);
  }

  #probeNow(nowUs: number, path: Path): void {
    path.probeAtUs = nowUs;
    this.arm(nowUs, path);
  }

  #considerProbe(nowUs: number, path: Path): void {
    const { config, random } = this.#context;
    const { health, rtt } = path;
    const silentUs = health.silentUs(nowUs);
    if (path.live > 0 && silentUs >= config.peerTimeoutUs) {
      this.#failed(path, Status.PeerTimeout);
    }
    if (path.live > 0 && path.probeSentUs !== Number.POSITIVE_INFINITY) rtt.expired(nowUs);
    // An answer is overdue no earlier than a silent peer would be probed, and not before it was asked for three times: PTOs
    // are far shorter than what a busy peer, or a busy thread here, may take.
    const isQuiet = silentUs >= config.probeIdleUs && rtt.silentPtos >= SILENT_PTOS;
    const owes = isQuiet && path.live > 0 && path.owedSinceUs > health.heardUs;
    const owedSinceUs = owes
      ? Math.max(path.owedSinceUs, this.#context.resumedUs)
      : Number.POSITIVE_INFINITY;
    health.tick(nowUs, rtt.ptoUs, owedSinceUs);
    const idleUs = Math.max(4 * rtt.srttUs, config.probeIdleUs);
    // A peer that goes on sending may hear nothing, and what waits for it would do so for ever.
    if (path.live > 0 && health.isDeaf(nowUs, idleUs)) health.doubt(nowUs);
    const intervalUs = health.probeIntervalUs(rtt.srttUs, config.probeIdleUs, uniform(random));
    // Only answered probes lead out of these states: whatever else is sent takes the place of none.
    const isAsked = health.state === "probing" || health.state === "failed";
    const isIdle = silentUs >= intervalUs || health.state !== "healthy";
    const isQuietHere = nowUs - path.sentUs >= Math.min(rtt.ptoUs, intervalUs);
    const isIgnored = health.ignoredUs(nowUs) >= idleUs;
    if (isAsked || isIgnored || (isIdle && isQuietHere)) path.probeFlags = 0;
    path.probeAtUs = nowUs + intervalUs;
  }
}
