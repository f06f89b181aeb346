import type { IdRange } from "./id-range.js";

/** A pool of a profile. */
export interface PoolEntry {
  /** The pool. */
  readonly pool_id: number;
  /** Bytes from one slot to the next: a multiple of 64. */
  readonly stride_bytes: number;
}

/** What the regions of a stream look like. */
export interface ProfileEntry {
  /** Slots of the ring and of every pool: a power of two. */
  readonly header_nslots: number;
  /** The pools, at least one. */
  readonly payload_pools: readonly PoolEntry[];
}

/** A stream that the driver knows from the start. */
export interface StreamEntry {
  /** The stream. */
  readonly stream_id: number;
  /** What it looks like: the name of a profile. */
  readonly profile: string;
}

/** Who the driver is, and where it talks. */
export interface DriverSection {
  readonly instance_id: string;
  /** Empty for Aeron's own default. */
  readonly aeron_dir: string;
  readonly control_channel: string;
  readonly control_stream_id: number;
  /** By default the control channel. */
  readonly announce_channel: string;
  readonly announce_stream_id: number;
  readonly qos_channel: string;
  readonly qos_stream_id: number;
  /** Streams that a client may ask the driver to make. */
  readonly stream_id_range: IdRange | undefined;
  /** Descriptor streams of single consumers. */
  readonly descriptor_stream_id_range: IdRange | undefined;
  /** Control streams of single consumers. */
  readonly control_stream_id_range: IdRange | undefined;
}

/** Where and how regions are made. */
export interface ShmSection {
  readonly base_dir: string;
  readonly namespace: string;
  readonly require_hugepages: boolean;
  readonly page_size_bytes: number;
  /** Octal, as text. */
  readonly permissions_mode: string;
  /** By default the base folder alone. */
  readonly allowed_base_dirs: readonly string[];
}

/** How the driver treats clients and epochs. */
export interface PolicySection {
  readonly allow_dynamic_streams: boolean;
  /** What streams that clients make look like; by default the first profile. */
  readonly default_profile: string;
  readonly announce_period_ms: number;
  readonly lease_keepalive_interval_ms: number;
  readonly lease_expiry_grace_intervals: number;
  readonly prefault_shm: boolean;
  readonly mlock_shm: boolean;
  readonly reuse_existing_shm: boolean;
  readonly cleanup_shm_on_exit: boolean;
  readonly epoch_gc_enabled: boolean;
  readonly epoch_gc_keep: number;
  /** By default three times the announce period. */
  readonly epoch_gc_min_age_ns: number;
  readonly epoch_gc_on_startup: boolean;
  readonly shutdown_timeout_ms: number;
  /** Empty: nobody can stop the driver by a message. */
  readonly shutdown_token: string;
  readonly node_id_reuse_cooldown_ms: number;
  /** What a producer that does not say means. */
  readonly producer_publish_mode: "require_existing" | "existing_or_create";
  /** What a consumer that does not say means. */
  readonly consumer_publish_mode: "require_existing" | "existing_or_create";
}

/** How consumers are answered. spec/tensor-pool.md §15 */
export interface SupervisorSection {
  readonly control_channel: string;
  readonly control_stream_id: number;
  readonly announce_channel: string;
  readonly announce_stream_id: number;
  readonly metadata_channel: string;
  readonly metadata_stream_id: number;
  readonly qos_channel: string;
  readonly qos_stream_id: number;
  readonly consumer_capacity: number;
  readonly consumer_stale_ms: number;
  readonly per_consumer_enabled: boolean;
  readonly per_consumer_descriptor_channel: string;
  readonly per_consumer_descriptor_base: number;
  readonly per_consumer_descriptor_range: number;
  readonly per_consumer_control_channel: string;
  readonly per_consumer_control_base: number;
  readonly per_consumer_control_range: number;
  readonly force_no_shm: boolean;
  readonly force_mode: number;
  readonly payload_fallback_uri: string;
}

/** How streams are found. spec/tensor-pool.md §16 */
export interface DiscoverySection {
  readonly request_channel: string;
  readonly request_stream_id: number;
  readonly announce_channel: string;
  readonly announce_stream_id: number;
  readonly metadata_channel: string;
  readonly metadata_stream_id: number;
  readonly driver_instance_id: string;
  readonly driver_control_channel: string;
  readonly driver_control_stream_id: number;
  readonly announce_period_ms: number;
  readonly max_results: number;
  /** What response channels may begin with. */
  readonly allowed_channel_prefixes: readonly string[];
}

/** A configuration, complete: names as they stand in the file. spec/tensor-pool.md §22 */
export interface PoolConfig {
  readonly driver: DriverSection;
  readonly shm: ShmSection;
  readonly policies: PolicySection;
  readonly profiles: Readonly<Record<string, ProfileEntry>>;
  readonly streams: Readonly<Record<string, StreamEntry>>;
  readonly supervisor: SupervisorSection;
  /** Present where the file has the section. */
  readonly discovery: DiscoverySection | undefined;
}
