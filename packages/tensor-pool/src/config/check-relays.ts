import { CHUNK_OVERHEAD_BYTES } from "../bridge/bridge-limits.js";
import type { ConfigProblem } from "./config-problem.js";
import { inRange } from "./id-range.js";
import type { PoolConfig } from "./pool-config.js";
import type { BridgeSection, RateLimiterSection } from "./relay-config.js";

interface Relayed {
  readonly key: string;
  readonly source_stream_id: number;
  readonly dest_stream_id: number;
  readonly profile: string;
}

/** Finds what single keys of `[bridge]` and `[rate_limiter]` cannot show. spec/tensor-pool.md §19, §22 */
export function relayProblems(config: PoolConfig): ConfigProblem[] {
  const { bridge, rate_limiter: limiter } = config;
  const nested = bridge !== undefined && limiter !== undefined;
  const bridgeKey = nested ? "bridge.mappings" : "mappings";
  const carried = keyed(bridgeKey, bridge?.mappings ?? []);
  const limited = keyed(nested ? "rate_limiter.mappings" : "mappings", limiter?.mappings ?? []);
  const written = [...(bridge?.role === "sender" ? [] : carried), ...limited];
  return [
    ...(bridge === undefined ? [] : bridgeProblems(bridge, bridgeKey)),
    ...(limiter === undefined ? [] : limiterProblems(limiter, config)),
    ...written.flatMap((each) => targetProblems(each, config)),
    ...graphProblems(written),
  ];
}

function keyed<Mapping>(
  key: string,
  mappings: readonly Mapping[],
): (Mapping & { readonly key: string })[] {
  return mappings.map((mapping, index) => ({ ...mapping, key: `${key}.${index}` }));
}

function bridgeProblems(bridge: BridgeSection, key: string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const need = (wanted: boolean, at: string, message: string): void => {
    if (wanted) problems.push({ key: at, message });
  };
  const sends = bridge.role !== "receiver";
  const writes = bridge.role !== "sender";
  const metadata = bridge.forward_metadata || bridge.forward_tracelink;
  const without = "forwarding metadata or trace links needs it";
  need(metadata && bridge.metadata_channel === "", "bridge.metadata_channel", without);
  need(metadata && bridge.metadata_stream_id === 0, "bridge.metadata_stream_id", without);
  const unread = sends && bridge.forward_metadata && bridge.source_metadata_stream_id === 0;
  need(unread, "bridge.source_metadata_stream_id", "forwarding metadata needs it");
  const narrow = bridge.mtu_bytes <= CHUNK_OVERHEAD_BYTES;
  need(narrow, "bridge.payload_channel", `an MTU of ${bridge.mtu_bytes} leaves nothing to a chunk`);
  const control = bridge.forward_qos || bridge.forward_progress;
  for (const [index, mapping] of bridge.mappings.entries()) {
    const at = `${key}.${index}`;
    const missing = "forwarding QoS or progress needs it";
    const { source_control_stream_id: source, dest_control_stream_id: dest } = mapping;
    need(control && sends && source === 0, `${at}.source_control_stream_id`, missing);
    need(control && writes && dest === 0, `${at}.dest_control_stream_id`, missing);
    const range = bridge.dest_stream_id_range;
    if (!writes || range === undefined || mapping.dest_stream_id === 0) continue;
    const outside = !inRange(range, mapping.dest_stream_id);
    need(outside, `${at}.dest_stream_id`, "it is not in bridge.dest_stream_id_range");
  }
  return problems;
}

function limiterProblems(limiter: RateLimiterSection, { driver }: PoolConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const forwarded = [
    ["source_control_stream_id", limiter.forward_progress, "progress"],
    ["dest_control_stream_id", limiter.forward_progress, "progress"],
    ["source_qos_stream_id", limiter.forward_qos, "QoS"],
    ["dest_qos_stream_id", limiter.forward_qos, "QoS"],
  ] as const;
  for (const [name, wanted, what] of forwarded) {
    if (!wanted || limiter[name] !== 0) continue;
    problems.push({ key: `rate_limiter.${name}`, message: `forwarding ${what} needs it` });
  }
  for (const [name, its] of [
    ["driver_control_channel", driver.control_channel],
    ["driver_control_stream_id", driver.control_stream_id],
  ] as const) {
    if (limiter[name] === its) continue;
    const message = `the limiter runs with the driver of this file, which is at ${its}`;
    problems.push({ key: `rate_limiter.${name}`, message });
  }
  return problems;
}

// A stream that is written here has one writer, which is not a client of the driver.
function targetProblems(
  relayed: Relayed,
  { profiles, streams, driver }: PoolConfig,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { key, profile, dest_stream_id: dest } = relayed;
  if (profiles[profile] === undefined) {
    const message = profile === "" ? "there is no profile" : `no profile is called ${profile}`;
    problems.push({ key: `${key}.profile`, message });
  }
  const at = `${key}.dest_stream_id`;
  if (dest === 0) {
    problems.push({ key: at, message: "no id was given, and no range has a free one" });
  }
  for (const [name, { stream_id: id }] of Object.entries(streams)) {
    if (id === dest) problems.push({ key: at, message: `streams.${name} has the id ${id} too` });
  }
  if (driver.stream_id_range !== undefined && inRange(driver.stream_id_range, dest)) {
    problems.push({ key: at, message: `driver.stream_id_range contains ${dest}` });
  }
  return problems;
}

// Each stream that is written comes from one other; following them back must come to an end.
function graphProblems(written: readonly Relayed[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const origins = new Map<number, Relayed>();
  for (const relayed of written) {
    const { key, dest_stream_id: dest } = relayed;
    const other = origins.get(dest);
    if (other === undefined) origins.set(dest, relayed);
    else if (dest !== 0) {
      problems.push({
        key: `${key}.dest_stream_id`,
        message: `${other.key} has the id ${dest} too`,
      });
    }
  }
  for (const { key, source_stream_id: source, dest_stream_id: dest } of origins.values()) {
    let at: number | undefined = source;
    for (let step = 0; step < origins.size && at !== undefined && at !== dest; step++) {
      at = origins.get(at)?.source_stream_id;
    }
    if (at !== dest) continue;
    problems.push({ key: `${key}.source_stream_id`, message: `it is made of ${dest} itself` });
  }
  return problems;
}
