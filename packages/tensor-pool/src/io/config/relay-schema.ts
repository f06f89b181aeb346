import { z } from "zod";
import type { ConfigProblem } from "../../config/config-problem.js";
import type {
  BridgeMapping,
  BridgeSection,
  RateLimiterMapping,
  RateLimiterSection,
} from "../../config/relay-config.js";
import {
  absolute,
  channel,
  flag,
  instanceId,
  milliseconds,
  range,
  streamId,
} from "./config-values.js";

/** The channel of progress and QoS of a limiter that says nothing. spec/tensor-pool.md §22 */
const LIMITER_CHANNEL = "aeron:ipc?term-length=1m";

const noStream = z.int().min(0).max(0x7fff_ffff).default(0);
const rate = z.number().min(0).max(1_000_000);
const profileName = z.string().min(1).optional();

// The scalar keys of `[bridge]`.
const bridgeKeys = z.object({
  instance_id: instanceId,
  role: z.enum(["sender", "receiver", "both"]).default("both"),
  payload_channel: channel,
  payload_stream_id: streamId,
  control_channel: channel,
  control_stream_id: streamId,
  metadata_channel: channel.or(z.literal("")).default(""),
  metadata_stream_id: noStream,
  source_metadata_stream_id: noStream,
  mtu_bytes: z.int().min(256).max(65_504).optional(),
  chunk_bytes: z.int().min(1).max(65_535).optional(),
  max_chunk_bytes: z.int().min(1).max(65_535).default(65_535),
  max_payload_bytes: z
    .int()
    .min(1)
    .max(2 ** 30)
    .default(2 ** 30),
  integrity_crc32c: flag.default(false),
  assembly_timeout_ms: milliseconds.default(250),
  forward_metadata: flag.default(true),
  forward_tracelink: flag.default(false),
  forward_qos: flag.default(false),
  forward_progress: flag.default(false),
  dest_stream_id_range: range.optional(),
});

// The scalar keys of `[rate_limiter]`.
const rateLimiterKeys = z.object({
  instance_id: instanceId,
  descriptor_channel: channel,
  descriptor_stream_id: streamId,
  max_rate_hz: rate.default(0),
  forward_metadata: flag.default(true),
  forward_progress: flag.default(false),
  forward_qos: flag.default(false),
  control_channel: channel.default(LIMITER_CHANNEL),
  source_control_stream_id: noStream,
  dest_control_stream_id: noStream,
  qos_channel: channel.default(LIMITER_CHANNEL),
  source_qos_stream_id: noStream,
  dest_qos_stream_id: noStream,
  shm_base_dir: absolute.optional(),
  driver_control_channel: channel.optional(),
  driver_control_stream_id: streamId.optional(),
});

const bridgeMapping = z.object({
  source_stream_id: streamId,
  dest_stream_id: noStream,
  profile: profileName,
  metadata_stream_id: noStream,
  source_control_stream_id: noStream,
  dest_control_stream_id: noStream,
});

const rateLimiterMapping = z.object({
  source_stream_id: streamId,
  dest_stream_id: streamId,
  profile: profileName,
  max_rate_hz: rate.optional(),
  metadata_stream_id: noStream,
});

type Loose<Section, Key extends keyof Section> = Omit<Section, Key> & {
  readonly [Name in Key]?: Section[Name] | undefined;
};

/** What a file says of a bridge, before the defaults that depend on other keys. */
export interface BridgeFile extends Loose<
  Omit<BridgeSection, "mappings">,
  "mtu_bytes" | "chunk_bytes" | "dest_stream_id_range"
> {
  readonly mappings: readonly Loose<BridgeMapping, "profile">[];
}

/** What a file says of a rate limiter, before the defaults that depend on other keys. */
export interface RateLimiterFile extends Loose<
  Omit<RateLimiterSection, "mappings">,
  "shm_base_dir" | "driver_control_channel" | "driver_control_stream_id"
> {
  readonly mappings: readonly Loose<RateLimiterMapping, "profile" | "max_rate_hz">[];
}

/** What a file says of bridges and limiters. */
export interface RelayFile {
  /** Present where the file has the section. */
  readonly bridge: BridgeFile | undefined;
  /** Present where the file has the section. */
  readonly rate_limiter: RateLimiterFile | undefined;
  /** What was read, as it lies in the file. */
  readonly read: Readonly<Record<string, unknown>>;
}

/** The keys of both sections, each of which an environment variable can override. */
export const relayKeys: Readonly<
  Record<"bridge" | "rate_limiter", Readonly<Record<string, z.ZodType>>>
> = { bridge: bridgeKeys.shape, rate_limiter: rateLimiterKeys.shape };

const bridgeMappings = z.array(bridgeMapping).min(1, "a bridge needs a stream");
const rateLimiterMappings = z.array(rateLimiterMapping).min(1, "a limiter needs a stream");
const nowhere = z.undefined("say whose they are: [[bridge.mappings]] or [[rate_limiter.mappings]]");

/**
 * Checks the shape of `[bridge]` and `[rate_limiter]`, and lists every key that is wrong. `[[mappings]]` belong to the one
 * section that is there; where both are, each has its own.
 */
export function checkRelayShape(
  raw: Readonly<Record<string, unknown>>,
): RelayFile | readonly ConfigProblem[] {
  const has = { bridge: raw["bridge"] !== undefined, limiter: raw["rate_limiter"] !== undefined };
  if (has.bridge && has.limiter) {
    const both = z.object({
      bridge: bridgeKeys.extend({ mappings: bridgeMappings }),
      rate_limiter: rateLimiterKeys.extend({ mappings: rateLimiterMappings }),
      mappings: nowhere.optional(),
    });
    const result = both.safeParse(raw);
    return result.success ? { ...result.data, read: result.data } : problemsOf(result.error);
  }
  if (has.bridge) {
    const result = z.object({ bridge: bridgeKeys, mappings: bridgeMappings }).safeParse(raw);
    if (!result.success) return problemsOf(result.error);
    const { bridge, mappings } = result.data;
    return { bridge: { ...bridge, mappings }, rate_limiter: undefined, read: result.data };
  }
  if (has.limiter) {
    const shape = z.object({ rate_limiter: rateLimiterKeys, mappings: rateLimiterMappings });
    const result = shape.safeParse(raw);
    if (!result.success) return problemsOf(result.error);
    const { rate_limiter: limiter, mappings } = result.data;
    return { bridge: undefined, rate_limiter: { ...limiter, mappings }, read: result.data };
  }
  return { bridge: undefined, rate_limiter: undefined, read: {} };
}

/** Lists what is wrong, by key. */
export function problemsOf(error: z.ZodError): readonly ConfigProblem[] {
  return error.issues.map(({ path, message }) => ({ key: path.join(".") || "the file", message }));
}
