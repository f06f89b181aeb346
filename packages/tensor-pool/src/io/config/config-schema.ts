import { z } from "zod";
import { isSlotCount, isStride } from "../../region/layout.js";
import { DEFAULT_CHANNEL, DiscoveryStreamIds, StreamIds } from "../../stream-ids.js";
import type { ConfigProblem } from "../../config/config-problem.js";
import type {
  DriverSection,
  PolicySection,
  PoolConfig,
  ShmSection,
  SupervisorSection,
} from "../../config/pool-config.js";
import {
  absolute,
  channel,
  flag,
  instanceId,
  MAX_CHANNEL,
  milliseconds,
  range,
  streamId,
} from "./config-values.js";
import { checkRelayShape, problemsOf, type RelayFile, relayKeys } from "./relay-schema.js";

const publishMode = z.enum(["require_existing", "existing_or_create"]);

// The sections with scalar keys, each of which an environment variable can override.
const sections = {
  driver: z.object({
    instance_id: instanceId.default("driver-01"),
    aeron_dir: z.string().default(""),
    control_channel: channel.default(DEFAULT_CHANNEL),
    control_stream_id: streamId.default(StreamIds.control),
    announce_channel: channel.optional(),
    announce_stream_id: streamId.optional(),
    qos_channel: channel.default(DEFAULT_CHANNEL),
    qos_stream_id: streamId.default(StreamIds.qos),
    stream_id_range: range.optional(),
    descriptor_stream_id_range: range.optional(),
    control_stream_id_range: range.optional(),
  }),
  shm: z.object({
    base_dir: absolute.default("/dev/shm"),
    namespace: z.string().min(1).max(64).default("default"),
    require_hugepages: flag.default(false),
    page_size_bytes: z
      .int()
      .min(4096)
      .refine((bytes) => Math.log2(bytes) % 1 === 0, "write a power of two")
      .default(4096),
    permissions_mode: z
      .string()
      .regex(/^0?[67][0-7]{2}$/, 'write three octal digits that let the owner write, as "660"')
      .default("660"),
    allowed_base_dirs: z.array(absolute).min(1).optional(),
  }),
  policies: z.object({
    allow_dynamic_streams: flag.default(false),
    default_profile: z.string().optional(),
    announce_period_ms: milliseconds.default(1_000),
    lease_keepalive_interval_ms: milliseconds.default(1_000),
    lease_expiry_grace_intervals: z.int().min(1).max(1_000).default(3),
    prefault_shm: flag.default(true),
    mlock_shm: flag.default(false),
    reuse_existing_shm: flag.default(false),
    cleanup_shm_on_exit: flag.default(false),
    epoch_gc_enabled: flag.default(true),
    epoch_gc_keep: z.int().min(1).max(1_000).default(2),
    epoch_gc_min_age_ns: z.int().min(0).optional(),
    epoch_gc_on_startup: flag.default(false),
    shutdown_timeout_ms: z.int().min(0).max(600_000).default(2_000),
    shutdown_token: z.string().max(1_024).default(""),
    node_id_reuse_cooldown_ms: z.int().min(0).max(86_400_000).default(1_000),
    producer_publish_mode: publishMode.default("existing_or_create"),
    consumer_publish_mode: publishMode.default("require_existing"),
  }),
  supervisor: z.object({
    control_channel: channel.optional(),
    control_stream_id: streamId.optional(),
    announce_channel: channel.optional(),
    announce_stream_id: streamId.optional(),
    metadata_channel: channel.optional(),
    metadata_stream_id: streamId.default(StreamIds.metadata),
    qos_channel: channel.optional(),
    qos_stream_id: streamId.optional(),
    consumer_capacity: z.int().min(1).max(65_536).default(256),
    consumer_stale_ms: milliseconds.default(5_000),
    per_consumer_enabled: flag.default(false),
    per_consumer_descriptor_channel: channel.optional(),
    per_consumer_descriptor_base: streamId.default(31_000),
    per_consumer_descriptor_range: z.int().min(0).max(1_000_000).default(100),
    per_consumer_control_channel: channel.optional(),
    per_consumer_control_base: streamId.default(32_000),
    per_consumer_control_range: z.int().min(0).max(1_000_000).default(100),
    force_no_shm: flag.default(false),
    force_mode: z.int().min(0).max(2).default(0),
    payload_fallback_uri: z
      .string()
      .max(MAX_CHANNEL)
      .regex(/^(?:$|aeron:|bridge:\/\/)/, "write aeron:…, bridge://… or nothing")
      .default(""),
  }),
  discovery: z.object({
    request_channel: channel.default(DEFAULT_CHANNEL),
    request_stream_id: streamId.default(DiscoveryStreamIds.request),
    announce_channel: channel.default(DEFAULT_CHANNEL),
    announce_stream_id: streamId.default(StreamIds.announce),
    metadata_channel: channel.default(DEFAULT_CHANNEL),
    metadata_stream_id: streamId.default(StreamIds.metadata),
    driver_instance_id: instanceId,
    driver_control_channel: channel,
    driver_control_stream_id: streamId,
    announce_period_ms: milliseconds.default(1_000),
    max_results: z.int().min(1).max(65_535).default(1_000),
    allowed_channel_prefixes: z.array(z.string().min(1)).min(1).default(["aeron:ipc"]),
  }),
} as const;

type Keys = Readonly<Record<string, z.ZodType>>;

/** The keys of each section, and what they take. */
export const sectionKeys: Readonly<Record<string, Keys>> = {
  driver: sections.driver.shape,
  shm: sections.shm.shape,
  policies: sections.policies.shape,
  supervisor: sections.supervisor.shape,
  discovery: sections.discovery.shape,
  ...relayKeys,
};

const profile = z.object({
  header_nslots: z.number().refine(isSlotCount, "write a power of two up to 2^23").default(1_024),
  payload_pools: z
    .array(
      z.object({
        pool_id: z.int().min(0).max(65_535),
        stride_bytes: z.number().refine(isStride, "write a multiple of 64 above 0"),
      }),
    )
    .min(1, "a profile needs a pool"),
});

const stream = z.object({ stream_id: streamId, profile: z.string().min(1) });

/** The keys of each entry of the sections whose entries have names. */
export const entryKeys: Readonly<Record<string, Keys>> = {
  profiles: profile.shape,
  streams: stream.shape,
};

const schema = z.object({
  driver: sections.driver.prefault({}),
  shm: sections.shm.prefault({}),
  policies: sections.policies.prefault({}),
  profiles: z.record(z.string(), profile).default({}),
  streams: z.record(z.string(), stream).default({}),
  supervisor: sections.supervisor.prefault({}),
  discovery: sections.discovery.optional(),
});

type Loose<Section, Key extends keyof Section> = Omit<Section, Key> & {
  readonly [Name in Key]?: Section[Name] | undefined;
};

/** What a file says, before the defaults that depend on other keys. Keys that mean nothing are left out. */
export interface ConfigFile
  extends
    Omit<PoolConfig, "driver" | "shm" | "policies" | "supervisor" | "bridge" | "rate_limiter">,
    RelayFile {
  readonly driver: Loose<
    DriverSection,
    | "announce_channel"
    | "announce_stream_id"
    | "stream_id_range"
    | "descriptor_stream_id_range"
    | "control_stream_id_range"
  >;
  readonly shm: Loose<ShmSection, "allowed_base_dirs">;
  readonly policies: Loose<PolicySection, "default_profile" | "epoch_gc_min_age_ns">;
  readonly supervisor: Loose<
    SupervisorSection,
    | "control_channel"
    | "control_stream_id"
    | "announce_channel"
    | "announce_stream_id"
    | "metadata_channel"
    | "qos_channel"
    | "qos_stream_id"
    | "per_consumer_descriptor_channel"
    | "per_consumer_control_channel"
  >;
}

/** Checks the shape of a file, and lists every key that is wrong. */
export function checkShape(
  raw: Readonly<Record<string, unknown>>,
): ConfigFile | readonly ConfigProblem[] {
  const result = schema.safeParse(raw);
  const relays = checkRelayShape(raw);
  if (result.success && "read" in relays) {
    const { data } = result;
    const { bridge, rate_limiter, read } = relays;
    const discovery = data.discovery;
    return { ...data, discovery, bridge, rate_limiter, read: { ...data, ...read } };
  }
  return [...(result.success ? [] : problemsOf(result.error)), ...("read" in relays ? [] : relays)];
}
