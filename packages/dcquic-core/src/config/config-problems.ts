import { MIN_WINDOW, WINDOW_STEP } from "../path/replay-window.js";
import { WireLimit } from "../wire/constants.js";
import { shapeProblems } from "./config-shape.js";
import type { DcquicConfig } from "./dcquic-config.js";
import { DEFAULT_DCQUIC_CONFIG } from "./presets.js";

/** What is wrong with one key of a configuration. */
export interface ConfigProblem {
  /** Where: `nics[0].bytesPerSecond`. */
  readonly path: string;
  /** What, with the numbers. */
  readonly problem: string;
}

/** What a configuration has to fit. */
export interface Machine {
  /** Cores it has. */
  readonly cores: number;
}

const MIN_RECORD_LOG2 = 14;
const MAX_RECORD_LOG2 = 24;
const INLINE_ROOM = 200;
const MAX_ROTATION_PACKETS = 2 ** 24;

/**
 * Lists everything that is wrong with a configuration: keys that there are not, values of the wrong kind or out of range, and
 * keys that contradict each other or the machine.
 *
 * @see spec/dcquic.md §20
 */
export function configProblems(config: DcquicConfig, machine?: Machine): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [...shapeProblems(config)];
  const check = (isRight: boolean, path: string, problem: string): void => {
    if (!isRight) problems.push({ path, problem });
  };
  const sound = withoutUnsound(config, problems);
  checkShares(sound, check);
  checkSizes(sound, check);
  checkSockets(sound, check);
  checkWindows(sound, check);
  checkMachine(sound, machine, check);
  return problems;
}

// What is of the wrong kind contradicts nothing: the rest is judged beside the default.
function withoutUnsound(config: DcquicConfig, problems: readonly ConfigProblem[]): DcquicConfig {
  const unsound = new Set(problems.map(({ path }) => path.split(/[.[]/, 1)[0]));
  const defaults = Object.entries(DEFAULT_DCQUIC_CONFIG).filter(([key]) => unsound.has(key));
  return { ...config, ...Object.fromEntries(defaults) };
}

type Check = (isRight: boolean, path: string, problem: string) => void;

function checkShares(
  { rxUtilisation, starvationReserve, windowFactor }: DcquicConfig,
  check: Check,
) {
  check(rxUtilisation > 0 && rxUtilisation <= 1, "rxUtilisation", `${rxUtilisation} is no share`);
  check(starvationReserve < 1, "starvationReserve", `${starvationReserve} leaves nothing`);
  check(windowFactor >= 1, "windowFactor", `${windowFactor} is less than what is on the way`);
}

function checkSizes(config: DcquicConfig, check: Check): void {
  const { inlineMaxBytes, mtuBytes, pullQuantumBytes, recordBytes } = config;
  const { maxDatagramBytes, minDatagramBytes } = WireLimit;
  check(
    mtuBytes >= minDatagramBytes && mtuBytes <= maxDatagramBytes,
    "mtuBytes",
    `${mtuBytes} is outside ${minDatagramBytes}…${maxDatagramBytes}`,
  );
  check(
    inlineMaxBytes <= mtuBytes - INLINE_ROOM,
    "inlineMaxBytes",
    `${inlineMaxBytes} exceeds mtuBytes − ${INLINE_ROOM}`,
  );
  check(
    pullQuantumBytes >= mtuBytes,
    "pullQuantumBytes",
    `${pullQuantumBytes} is less than a datagram of ${mtuBytes}`,
  );
  const log2 = Math.log2(recordBytes);
  check(
    Number.isInteger(log2) && log2 >= MIN_RECORD_LOG2 && log2 <= MAX_RECORD_LOG2,
    "recordBytes",
    `${recordBytes} is not a power of two from 16 KiB to 16 MiB`,
  );
  const { bufferPoolBytes, inlinePoolBytes, inlineStartBytes } = config;
  check(
    inlineStartBytes <= inlinePoolBytes,
    "inlineStartBytes",
    `${inlineStartBytes} exceeds inlinePoolBytes of ${inlinePoolBytes}`,
  );
  check(
    bufferPoolBytes >= 2 * recordBytes,
    "bufferPoolBytes",
    `${bufferPoolBytes} does not hold two records`,
  );
  check(
    config.rotation.packets < MAX_ROTATION_PACKETS,
    "rotation.packets",
    `${config.rotation.packets} reaches the hard stop of ${MAX_ROTATION_PACKETS}`,
  );
}

// Sockets switch both with one option.
function checkSockets({ gro, gso }: DcquicConfig, check: Check): void {
  check(gro === gso, "gro", `${gro} beside gso ${gso}: sockets have one switch for both`);
}

function checkWindows(config: DcquicConfig, check: Check): void {
  const { notifyWindow, packetWindow, replayNotifyWindow } = config;
  check(notifyWindow >= 1, "notifyWindow", `${notifyWindow} lets nobody announce`);
  check(
    notifyWindow <= replayNotifyWindow,
    "notifyWindow",
    `${notifyWindow} exceeds replayNotifyWindow of ${replayNotifyWindow}`,
  );
  for (const [key, width] of Object.entries({ packetWindow, replayNotifyWindow })) {
    const isWidth = width % WINDOW_STEP === 0 && width >= MIN_WINDOW;
    check(isWidth, key, `${width} is not a multiple of ${WINDOW_STEP} from ${MIN_WINDOW} on`);
  }
  check(
    config.causalityInitialSlots <= config.causalityMaxSlots,
    "causalityInitialSlots",
    `${config.causalityInitialSlots} exceeds causalityMaxSlots of ${config.causalityMaxSlots}`,
  );
  check(
    config.timerGranularityUs <= config.maxPtoUs,
    "maxPtoUs",
    `${config.maxPtoUs} is less than timerGranularityUs`,
  );
  check(
    config.probeIdleUs <= config.peerTimeoutUs,
    "probeIdleUs",
    `${config.probeIdleUs} exceeds peerTimeoutUs of ${config.peerTimeoutUs}`,
  );
}

function checkMachine(config: DcquicConfig, machine: Machine | undefined, check: Check): void {
  const { cores, nics, workers } = config;
  check(nics.length > 0, "nics", "there is none");
  for (const [index, nic] of nics.entries()) {
    const path = `nics[${index}]`;
    check(
      nic.bytesPerSecond > 0,
      `${path}.bytesPerSecond`,
      `${nic.bytesPerSecond} carries nothing`,
    );
    check(
      nic.flowBytesPerSecond > 0 && nic.flowBytesPerSecond <= nic.bytesPerSecond,
      `${path}.flowBytesPerSecond`,
      `${nic.flowBytesPerSecond} of ${nic.bytesPerSecond}`,
    );
  }
  check(workers < WireLimit.maxWorkers, "workers", `${workers}, below ${WireLimit.maxWorkers}`);
  check(
    workers === 0 || workers >= nics.length,
    "workers",
    `${workers} for ${nics.length} NICs: each needs one`,
  );
  check(
    new Set(cores.ids).size === cores.ids.length,
    "cores.ids",
    "two workers would share a core",
  );
  if (cores.ids.length > 0) {
    check(
      cores.ids.length === cores.count,
      "cores.ids",
      `${cores.ids.length} ids for ${cores.count} cores`,
    );
  }
  if (machine !== undefined) {
    check(cores.count <= machine.cores, "cores.count", `${cores.count} of ${machine.cores} cores`);
    check(
      cores.ids.every((id) => id < machine.cores),
      "cores.ids",
      `a core that does not exist among ${machine.cores}`,
    );
  }
}
