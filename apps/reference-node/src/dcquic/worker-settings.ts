import { type ConfigChoice, resolveDcquicConfig } from "@proj/dcquic-core";
import { discoverNics } from "@proj/dcquic-core/node";
import type { DcquicConfig } from "./dcquic-config.js";

// Timers of a thread that does other things, too, are as coarse as those of its event loop.
const SHARED_THREAD: ConfigChoice = {
  initialRttUs: 10_000,
  timerGranularityUs: 2000,
  timerTickUs: 100,
};

/**
 * What `[dcquic]` says of workers, as a pool takes it; `undefined` where it says nothing: one worker runs on the node's
 * thread then.
 *
 * @throws RangeError for a NIC that is not here.
 */
export function workerSettings(config: DcquicConfig): ConfigChoice | undefined {
  const { preset, workers, nics, cores, poll, on_worker_hang: onWorkerHang } = config;
  const isSilent = [preset, nics, cores].every((each) => each === undefined) && workers === 0;
  if (isSilent) return undefined;
  const isShared = preset === undefined && (cores ?? 0) === 0;
  return {
    ...(preset === undefined ? {} : { preset }),
    ...(isShared ? SHARED_THREAD : {}),
    ...(workers === 0 ? {} : { workers }),
    ...(nics === undefined
      ? {}
      : { nics: discoverNics(nics === "auto" ? {} : { addresses: nics }) }),
    ...(cores === undefined ? {} : { cores: { count: cores, ids: [], poll } }),
    onWorkerHang,
  };
}

/** Whether the workers share the node's thread, because no cores are kept for them. */
export function sharesThread(settings: ConfigChoice | undefined): boolean {
  return settings === undefined || resolveDcquicConfig(settings).cores.count === 0;
}

/** Says what is wrong with the workers that `[dcquic]` asks for on a machine of so many cores, if anything is. */
export function workerProblem(config: DcquicConfig, cores: number): string | undefined {
  try {
    const settings = workerSettings(config);
    if (settings !== undefined) resolveDcquicConfig(settings, { cores });
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
