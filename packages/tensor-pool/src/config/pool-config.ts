import type { IdRange } from "./id-range.js";
import type { BridgeSection, RateLimiterSection } from "./relay-config.js";

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
  /** What the driver is called. */
  readonly instance_id: string;
  /** Empty for Aeron's own default. */
  readonly aeron_dir: string;
  /** The channel on which clients and driver talk. */
  readonly control_channel: string;
  /** Its stream. */
  readonly control_stream_id: number;
  /** By default the control channel. */
  readonly announce_channel: string;
  /** Its stream; by default the control stream. */
  readonly announce_stream_id: number;
  /** The channel on which both sides say how they fare. */
  readonly qos_channel: string;
  /** Its stream; by default 1200. */
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
  /** The folder beneath which regions lie. */
  readonly base_dir: string;
  /** Keeps the drivers of one folder and user apart. */
  readonly namespace: string;
  /** Whether regions have to lie on huge pages. */
  readonly require_hugepages: boolean;
  /** Bytes of a page; files are rounded up to whole ones. */
  readonly page_size_bytes: number;
  /** Octal, as text. */
  readonly permissions_mode: string;
  /** By default the base folder alone. */
  readonly allowed_base_dirs: readonly string[];
}

/** How the driver treats clients and epochs. */
export interface PolicySection {
  /** Whether clients may have streams made. */
  readonly allow_dynamic_streams: boolean;
  /** What streams that clients make look like; by default the first profile. */
  readonly default_profile: string;
  /** How often streams are announced, in milliseconds. */
  readonly announce_period_ms: number;
  /** How often clients say that they live, in milliseconds. */
  readonly lease_keepalive_interval_ms: number;
  /** After how many silent intervals a lease ends. */
  readonly lease_expiry_grace_intervals: number;
  /** Whether the memory of an epoch is taken when it begins. */
  readonly prefault_shm: boolean;
  /** Whether regions are kept out of swap. */
  readonly mlock_shm: boolean;
  /** Whether files of the same epoch that are there already are taken. */
  readonly reuse_existing_shm: boolean;
  /** Whether the files go when the driver stops. */
  readonly cleanup_shm_on_exit: boolean;
  /** Whether the files of old epochs go. */
  readonly epoch_gc_enabled: boolean;
  /** How many of the newest epochs stay. */
  readonly epoch_gc_keep: number;
  /** By default three times the announce period. */
  readonly epoch_gc_min_age_ns: number;
  /** Whether they go when the driver starts, too. */
  readonly epoch_gc_on_startup: boolean;
  /** How long clients have to leave, in milliseconds. */
  readonly shutdown_timeout_ms: number;
  /** Empty: nobody can stop the driver by a message. */
  readonly shutdown_token: string;
  /** How long a node id rests after it was given back, in milliseconds. */
  readonly node_id_reuse_cooldown_ms: number;
  /** What a producer that does not say means. */
  readonly producer_publish_mode: "require_existing" | "existing_or_create";
  /** What a consumer that does not say means. */
  readonly consumer_publish_mode: "require_existing" | "existing_or_create";
}

/** How consumers are answered. spec/tensor-pool.md §15 */
export interface SupervisorSection {
  /** The channel on which clients and driver talk. */
  readonly control_channel: string;
  /** Its stream. */
  readonly control_stream_id: number;
  /** The channel on which streams are announced. */
  readonly announce_channel: string;
  /** Its stream; by default the control stream. */
  readonly announce_stream_id: number;
  /** The channel on which streams say what they are. */
  readonly metadata_channel: string;
  /** Its stream; by default 1300. */
  readonly metadata_stream_id: number;
  /** The channel on which both sides say how they fare. */
  readonly qos_channel: string;
  /** Its stream; by default 1200. */
  readonly qos_stream_id: number;
  /** Consumers at a time. */
  readonly consumer_capacity: number;
  /** After how long a silent consumer is forgotten, in milliseconds. */
  readonly consumer_stale_ms: number;
  /** Whether consumers may have streams of their own. */
  readonly per_consumer_enabled: boolean;
  /** The channel of descriptors for one consumer. */
  readonly per_consumer_descriptor_channel: string;
  /** The first stream of them. */
  readonly per_consumer_descriptor_base: number;
  /** How many streams there are. */
  readonly per_consumer_descriptor_range: number;
  /** The channel of progress for one consumer. */
  readonly per_consumer_control_channel: string;
  /** The first stream of it. */
  readonly per_consumer_control_base: number;
  /** How many streams there are. */
  readonly per_consumer_control_range: number;
  /** Whether consumers have to do without shared memory. */
  readonly force_no_shm: boolean;
  /** The mode that every consumer gets; 0 for the one it asks for. */
  readonly force_mode: number;
  /** Where payloads come from without shared memory; empty for nowhere. */
  readonly payload_fallback_uri: string;
}

/** How streams are found. spec/tensor-pool.md §16 */
export interface DiscoverySection {
  /** The channel of requests. */
  readonly request_channel: string;
  /** Its stream; by default 7000. */
  readonly request_stream_id: number;
  /** The channel on which streams are announced. */
  readonly announce_channel: string;
  /** Its stream; by default the control stream. */
  readonly announce_stream_id: number;
  /** The channel on which streams say what they are. */
  readonly metadata_channel: string;
  /** Its stream; by default 1300. */
  readonly metadata_stream_id: number;
  /** What the driver is called whose streams are found. */
  readonly driver_instance_id: string;
  /** The channel on which that driver is asked. */
  readonly driver_control_channel: string;
  /** Its stream. */
  readonly driver_control_stream_id: number;
  /** How often streams are announced, in milliseconds. */
  readonly announce_period_ms: number;
  /** Streams in one answer; more are an error. */
  readonly max_results: number;
  /** What response channels may begin with. */
  readonly allowed_channel_prefixes: readonly string[];
}

/** A configuration, complete: names as they stand in the file. spec/tensor-pool.md §22 */
export interface PoolConfig {
  /** Who the driver is. */
  readonly driver: DriverSection;
  /** Where its regions lie. */
  readonly shm: ShmSection;
  /** How it treats clients. */
  readonly policies: PolicySection;
  /** What streams look like, by name. */
  readonly profiles: Readonly<Record<string, ProfileEntry>>;
  /** The streams it knows, by name. */
  readonly streams: Readonly<Record<string, StreamEntry>>;
  /** How consumers are answered. */
  readonly supervisor: SupervisorSection;
  /** Present where the file has the section. */
  readonly discovery: DiscoverySection | undefined;
  /** Present where the file has the section. */
  readonly bridge: BridgeSection | undefined;
  /** Present where the file has the section. */
  readonly rate_limiter: RateLimiterSection | undefined;
}
