import type { EngineConfig } from "../engine/config.js";
import { configProblems, type Machine } from "./config-problems.js";
import type { DcquicConfig, NicConfig } from "./dcquic-config.js";
import { DEFAULT_DCQUIC_CONFIG, presets } from "./presets.js";

/** What is chosen: a preset, and what differs from it. */
export interface ConfigChoice extends Partial<DcquicConfig> {
  /** Where to begin; the defaults if absent. */
  readonly preset?: keyof typeof presets;
}

/**
 * Completes a configuration.
 *
 * @param machine what it has to fit; unchecked if absent.
 * @throws RangeError that lists all problems with their keys.
 * @see spec/dcquic.md §20
 */
export function resolveDcquicConfig(choice: ConfigChoice = {}, machine?: Machine): DcquicConfig {
  const { preset, ...chosen } = choice;
  const isKnown = preset === undefined || Object.hasOwn(presets, preset);
  const basis = preset === undefined || !isKnown ? {} : presets[preset];
  // What is there without a value was not chosen.
  const values = Object.entries(chosen).filter(([, value]) => value !== undefined);
  const config = { ...DEFAULT_DCQUIC_CONFIG, ...basis, ...Object.fromEntries(values) };
  const problems = [...configProblems(config, machine)];
  if (!isKnown) {
    const names = Object.keys(presets).join(", ");
    problems.unshift({ path: "preset", problem: `"${preset}" is none of ${names}` });
  }
  if (problems.length > 0) {
    throw new RangeError(problems.map(({ path, problem }) => `${path}: ${problem}`).join("; "));
  }
  return config;
}

/** The NIC of a worker: workers take turns over the NICs. */
export function nicOf(config: DcquicConfig, worker: number): NicConfig | undefined {
  return config.nics[worker % config.nics.length];
}

/** How many workers a configuration asks for: where it names no number, one per NIC, or per reserved core if those are more. */
export function workerCountOf({ workers, nics, cores }: DcquicConfig): number {
  return workers === 0 ? Math.max(nics.length, cores.count, 1) : workers;
}

/** The share of a configuration that concerns the engine of one worker; the workers of a NIC share its rate. */
export function engineConfigOf(config: DcquicConfig, worker: number): Partial<EngineConfig> {
  const nic = nicOf(config, worker);
  const workers = workerCountOf(config);
  const index = worker % config.nics.length;
  const sharing = Math.ceil((workers - index) / config.nics.length);
  return {
    worker,
    nicBytesPerSecond: Math.floor((nic?.bytesPerSecond ?? 0) / Math.max(1, sharing)),
    nicSlackUs: config.timerTickUs > 1 ? config.timerGranularityUs / 2 : 0,
    queueDepth: config.queueDepth,
    mtuBytes: config.mtuBytes,
    rxUtilisation: config.rxUtilisation,
    pullQuantumBytes: config.pullQuantumBytes,
    windowFactor: config.windowFactor,
    overcommit: config.overcommit,
    inlineMaxBytes: config.inlineMaxBytes,
    inlineStartBytes: config.inlineStartBytes,
    inlinePoolBytes: config.inlinePoolBytes,
    notifyWindow: config.notifyWindow,
    packetWindow: config.packetWindow,
    replayNotifyWindow: config.replayNotifyWindow,
    maxTransfersPerPeer: config.maxTransfersPerPeer,
    challengeEntries: config.challengeEntries,
    challengeBytes: config.challengeBytes,
    causalityInitialSlots: config.causalityInitialSlots,
    causalityMaxSlots: config.causalityMaxSlots,
    dataKeyCache: config.dataKeyCache,
    dataAuth: config.dataAuth,
    starvationReserve: config.starvationReserve,
    initialRttUs: config.initialRttUs,
    timerGranularityUs: config.timerGranularityUs,
    maxPtoUs: config.maxPtoUs,
    peerTimeoutUs: config.peerTimeoutUs,
    probeIdleUs: config.probeIdleUs,
    rotation: config.rotation,
    icmpPolicy: config.icmpPolicy,
  };
}
