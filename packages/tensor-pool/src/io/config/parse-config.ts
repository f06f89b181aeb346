import { parse, TomlError } from "smol-toml";
import { checkConfig } from "../../config/check-config.js";
import { checkShape, type ConfigFile } from "./config-schema.js";
import { type Environment, isTable, override } from "./override.js";
import { bridgeOf, rateLimiterOf } from "./relay-defaults.js";
import type { ConfigProblem } from "../../config/config-problem.js";
import type { DriverSection, PoolConfig, SupervisorSection } from "../../config/pool-config.js";

/** A configuration, or everything that is wrong with it. */
export type ConfigResult =
  | {
      readonly kind: "config";
      readonly config: PoolConfig;
      /** Keys that mean nothing here. */
      readonly warnings: readonly ConfigProblem[];
    }
  | { readonly kind: "invalid"; readonly problems: readonly ConfigProblem[] };

/**
 * Reads a configuration in TOML, and lists everything that is wrong with it. spec/tensor-pool.md §22
 *
 * @param environment Overrides single keys: `DRIVER_CONTROL_STREAM_ID` is `driver.control_stream_id`,
 *   `STREAMS_CAMERA_STREAM_ID` is `streams.camera.stream_id` of a file that has that stream; `AERON_DIR` is `driver.aeron_dir`.
 */
export function parseConfig(text: string, environment: Environment = {}): ConfigResult {
  let raw: Record<string, unknown>;
  try {
    raw = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = ""] = error.message.split("\n");
    const key = `line ${error.line}, column ${error.column}`;
    return { kind: "invalid", problems: [{ key, message }] };
  }
  const merged = override(raw, environment);
  const file = checkShape(merged);
  if (!("driver" in file)) return { kind: "invalid", problems: file };
  const config = complete(file);
  const problems = checkConfig(config);
  if (problems.length > 0) return { kind: "invalid", problems };
  return { kind: "config", config, warnings: unknownKeys(raw, file.read, "") };
}

function complete(file: ConfigFile): PoolConfig {
  const { shm, policies, profiles, streams } = file;
  const { control_channel: channel, control_stream_id: streamId, ...rest } = file.driver;
  const driver: DriverSection = {
    ...rest,
    control_channel: channel,
    control_stream_id: streamId,
    announce_channel: rest.announce_channel ?? channel,
    announce_stream_id: rest.announce_stream_id ?? streamId,
    stream_id_range: rest.stream_id_range,
    descriptor_stream_id_range: rest.descriptor_stream_id_range,
    control_stream_id_range: rest.control_stream_id_range,
  };
  const fallback = policies.default_profile ?? Object.keys(profiles)[0] ?? "";
  return {
    driver,
    shm: { ...shm, allowed_base_dirs: shm.allowed_base_dirs ?? [shm.base_dir] },
    policies: {
      ...policies,
      default_profile: fallback,
      epoch_gc_min_age_ns: policies.epoch_gc_min_age_ns ?? policies.announce_period_ms * 3_000_000,
    },
    profiles,
    streams,
    supervisor: supervisorOf(file.supervisor, driver),
    discovery: file.discovery,
    bridge: file.bridge === undefined ? undefined : bridgeOf(file.bridge, fallback),
    rate_limiter:
      file.rate_limiter === undefined
        ? undefined
        : rateLimiterOf(file.rate_limiter, driver, shm.base_dir, fallback),
  };
}

function supervisorOf(section: ConfigFile["supervisor"], driver: DriverSection): SupervisorSection {
  const control = section.control_channel ?? driver.control_channel;
  return {
    ...section,
    control_channel: control,
    control_stream_id: section.control_stream_id ?? driver.control_stream_id,
    announce_channel: section.announce_channel ?? driver.announce_channel,
    announce_stream_id: section.announce_stream_id ?? driver.announce_stream_id,
    metadata_channel: section.metadata_channel ?? control,
    qos_channel: section.qos_channel ?? driver.qos_channel,
    qos_stream_id: section.qos_stream_id ?? driver.qos_stream_id,
    per_consumer_descriptor_channel: section.per_consumer_descriptor_channel ?? control,
    per_consumer_control_channel: section.per_consumer_control_channel ?? control,
  };
}

// What was read has every key that means something; what is missing from it means nothing.
function unknownKeys(raw: unknown, known: unknown, path: string): ConfigProblem[] {
  if (Array.isArray(raw) && Array.isArray(known)) {
    return raw.flatMap((each, index) => unknownKeys(each, known[index], `${path}.${index}`));
  }
  if (!isTable(raw) || !isTable(known)) return [];
  return Object.entries(raw).flatMap(([name, value]) => {
    const key = path === "" ? name : `${path}.${name}`;
    if (!(name in known)) return [{ key, message: "this key is not known" }];
    return unknownKeys(value, known[name], key);
  });
}
