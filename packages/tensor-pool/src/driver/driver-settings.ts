import type { IdRange } from "../config/id-range.js";
import type { PoolConfig } from "../config/pool-config.js";
import type { PoolLayout } from "../region/layout.js";

/** What the regions of a stream look like. */
export interface StreamProfile {
  /** Slots of the ring and of every pool. */
  readonly nslots: number;
  /** The pools. */
  readonly pools: readonly PoolLayout[];
}

/** Whether a stream may be made that was not there. */
export type CreatePolicy = "requireExisting" | "existingOrCreate";

/** How a driver treats clients and epochs. spec/tensor-pool.md §14, §22 */
export interface DriverSettings {
  /** The streams that exist from the start. */
  readonly streams: ReadonlyMap<number, StreamProfile>;
  /** The ids that clients may have a stream made under; `undefined` where they may not. */
  readonly dynamicRange: IdRange | undefined;
  /** What such streams look like. */
  readonly dynamicProfile: StreamProfile | undefined;
  /** What a producer means that does not say. */
  readonly producerDefault: CreatePolicy;
  /** What a consumer means that does not say. */
  readonly consumerDefault: CreatePolicy;
  /** Whether regions lie on huge pages. */
  readonly hugepages: boolean;
  /** How often streams are announced, in nanoseconds. */
  readonly announcePeriodNs: bigint;
  /** How long a lease lives without a keepalive, in nanoseconds. */
  readonly leaseNs: bigint;
  /** Epochs of a stream that are kept whatever their age. */
  readonly keepEpochs: number;
  /** How long an epoch must have been silent before its files are removed, in nanoseconds; `undefined` for never. */
  readonly gcMinAgeNs: bigint | undefined;
  /** Whether files that earlier drivers left are looked through at once. */
  readonly gcOnStartup: boolean;
  /** Whether the files of all streams are removed at the end. */
  readonly cleanupOnExit: boolean;
  /** How long clients have to detach before the driver is gone, in nanoseconds. */
  readonly shutdownTimeoutNs: bigint;
  /** What stops the driver by a message; empty for nothing. */
  readonly shutdownToken: string;
  /** How long a node id rests after it was given back, in nanoseconds. */
  readonly nodeIdCooldownNs: bigint;
}

/** Returns what a configuration means to the driver. */
export function driverSettings(config: PoolConfig): DriverSettings {
  const { policies, driver, shm } = config;
  const profiles = new Map<string, StreamProfile>();
  for (const [name, entry] of Object.entries(config.profiles)) {
    const pools = entry.payload_pools.map(({ pool_id: poolId, stride_bytes: strideBytes }) => ({
      poolId,
      strideBytes,
    }));
    profiles.set(name, { nslots: entry.header_nslots, pools });
  }
  const none: StreamProfile = { nslots: 1, pools: [] };
  const streams = Object.values(config.streams).map(
    ({ stream_id: id, profile }) => [id, profiles.get(profile) ?? none] as const,
  );
  return {
    streams: new Map(streams),
    dynamicRange: policies.allow_dynamic_streams ? driver.stream_id_range : undefined,
    dynamicProfile: profiles.get(policies.default_profile),
    producerDefault: createPolicy(policies.producer_publish_mode),
    consumerDefault: createPolicy(policies.consumer_publish_mode),
    hugepages: shm.require_hugepages,
    announcePeriodNs: nanoseconds(policies.announce_period_ms),
    leaseNs: nanoseconds(
      policies.lease_keepalive_interval_ms * policies.lease_expiry_grace_intervals,
    ),
    keepEpochs: policies.epoch_gc_keep,
    gcMinAgeNs: policies.epoch_gc_enabled ? BigInt(policies.epoch_gc_min_age_ns) : undefined,
    gcOnStartup: policies.epoch_gc_on_startup,
    cleanupOnExit: policies.cleanup_shm_on_exit,
    shutdownTimeoutNs: nanoseconds(policies.shutdown_timeout_ms),
    shutdownToken: policies.shutdown_token,
    nodeIdCooldownNs: nanoseconds(policies.node_id_reuse_cooldown_ms),
  };
}

function createPolicy(mode: "require_existing" | "existing_or_create"): CreatePolicy {
  return mode === "require_existing" ? "requireExisting" : "existingOrCreate";
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(milliseconds) * 1_000_000n;
}
