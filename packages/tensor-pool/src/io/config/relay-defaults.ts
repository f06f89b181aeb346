import { DEFAULT_BRIDGE_LIMITS, CHUNK_OVERHEAD_BYTES } from "../../bridge/bridge-limits.js";
import { inRange } from "../../config/id-range.js";
import type { DriverSection } from "../../config/pool-config.js";
import type { BridgeSection, RateLimiterSection } from "../../config/relay-config.js";
import type { BridgeFile, RateLimiterFile } from "./relay-schema.js";

const UNIT_BYTES: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20 };

/** Fills in what a file leaves out of `[bridge]`. spec/tensor-pool.md §22 */
export function bridgeOf(file: BridgeFile, defaultProfile: string): BridgeSection {
  const mtu = file.mtu_bytes ?? channelMtu(file.payload_channel);
  const { dest_stream_id_range: range } = file;
  const taken = new Set(file.mappings.map(({ dest_stream_id: id }) => id));
  let next = range?.first ?? 0;
  const free = (): number => {
    if (range === undefined) return 0;
    while (taken.has(next)) next++;
    return inRange(range, next) ? next++ : 0;
  };
  return {
    ...file,
    mtu_bytes: mtu,
    chunk_bytes: file.chunk_bytes ?? mtu - CHUNK_OVERHEAD_BYTES,
    dest_stream_id_range: range,
    mappings: file.mappings.map((mapping) => {
      const dest = mapping.dest_stream_id === 0 ? free() : mapping.dest_stream_id;
      return {
        ...mapping,
        dest_stream_id: dest,
        profile: mapping.profile ?? defaultProfile,
        metadata_stream_id: mapping.metadata_stream_id || dest,
      };
    }),
  };
}

/** Fills in what a file leaves out of `[rate_limiter]`. spec/tensor-pool.md §22 */
export function rateLimiterOf(
  file: RateLimiterFile,
  driver: DriverSection,
  baseDir: string,
  defaultProfile: string,
): RateLimiterSection {
  return {
    ...file,
    shm_base_dir: file.shm_base_dir ?? baseDir,
    driver_control_channel: file.driver_control_channel ?? driver.control_channel,
    driver_control_stream_id: file.driver_control_stream_id ?? driver.control_stream_id,
    mappings: file.mappings.map((mapping) => ({
      ...mapping,
      profile: mapping.profile ?? defaultProfile,
      max_rate_hz: mapping.max_rate_hz ?? file.max_rate_hz,
      metadata_stream_id: mapping.metadata_stream_id || mapping.dest_stream_id,
    })),
  };
}

// The one that the channel's URI names, or Aeron's own.
function channelMtu(channel: string): number {
  const match = /[?|]mtu=(\d{1,8})([km]?)(?:\||$)/i.exec(channel);
  if (match === null) return DEFAULT_BRIDGE_LIMITS.mtuBytes;
  return Number(match[1]) * (UNIT_BYTES[(match[2] ?? "").toLowerCase()] ?? 1);
}
