import type { ConfigProblem } from "./config-problem.js";
import { type IdRange, inRange, rangesOverlap } from "./id-range.js";
import { relayProblems } from "./check-relays.js";
import type { PoolConfig } from "./pool-config.js";

/** Finds what single keys cannot show: names that lead nowhere, ids that collide. spec/tensor-pool.md §21, §22 */
export function checkConfig(config: PoolConfig): ConfigProblem[] {
  return [
    ...profileProblems(config),
    ...streamProblems(config),
    ...rangeProblems(config),
    ...relayProblems(config),
  ];
}

function profileProblems({ profiles, policies, driver }: PoolConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, { payload_pools: pools }] of Object.entries(profiles)) {
    if (new Set(pools.map(({ pool_id: id }) => id)).size === pools.length) continue;
    problems.push({ key: `profiles.${name}.payload_pools`, message: "two pools of one id" });
  }
  const { default_profile: fallback } = policies;
  if (fallback !== "" && profiles[fallback] === undefined) {
    problems.push({ key: "policies.default_profile", message: `no profile is called ${fallback}` });
  }
  if (policies.allow_dynamic_streams && fallback === "") {
    const message = "streams of clients need a profile, and there is none";
    problems.push({ key: "policies.allow_dynamic_streams", message });
  }
  if (policies.allow_dynamic_streams && driver.stream_id_range === undefined) {
    const message = "streams of clients need a range of ids";
    problems.push({ key: "driver.stream_id_range", message });
  }
  return problems;
}

function streamProblems({ streams, profiles }: PoolConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const owners = new Map<number, string>();
  for (const [name, { stream_id: id, profile }] of Object.entries(streams)) {
    if (profiles[profile] === undefined) {
      const message = `no profile is called ${profile}`;
      problems.push({ key: `streams.${name}.profile`, message });
    }
    const other = owners.get(id);
    if (other !== undefined) {
      const message = `streams.${other} has the id ${id} too`;
      problems.push({ key: `streams.${name}.stream_id`, message });
    }
    owners.set(id, name);
  }
  return problems;
}

function rangeProblems(config: PoolConfig): ConfigProblem[] {
  const { driver, supervisor, streams, discovery, bridge } = config;
  const ranges = namedRanges(config);
  const fixed: readonly (readonly [string, number])[] = [
    ["driver.control_stream_id", driver.control_stream_id],
    ["driver.announce_stream_id", driver.announce_stream_id],
    ["driver.qos_stream_id", driver.qos_stream_id],
    ["supervisor.metadata_stream_id", supervisor.metadata_stream_id],
    ...(discovery === undefined
      ? []
      : [["discovery.request_stream_id", discovery.request_stream_id] as const]),
    ...(bridge === undefined
      ? []
      : [
          ["bridge.payload_stream_id", bridge.payload_stream_id] as const,
          ["bridge.control_stream_id", bridge.control_stream_id] as const,
          ["bridge.metadata_stream_id", bridge.metadata_stream_id] as const,
        ]),
    ...Object.entries(streams).map(
      ([name, { stream_id: id }]) => [`streams.${name}.stream_id`, id] as const,
    ),
  ];
  const problems: ConfigProblem[] = [];
  for (const [index, [key, range]] of ranges.entries()) {
    for (const [other, its] of ranges.slice(0, index)) {
      if (rangesOverlap(range, its)) problems.push({ key, message: `it overlaps ${other}` });
    }
    for (const [other, id] of fixed) {
      if (inRange(range, id)) problems.push({ key, message: `it contains ${other}, ${id}` });
    }
  }
  return problems;
}

function namedRanges({ driver, supervisor, bridge }: PoolConfig): (readonly [string, IdRange])[] {
  const given: readonly (readonly [string, IdRange | undefined])[] = [
    ["driver.stream_id_range", driver.stream_id_range],
    ["driver.descriptor_stream_id_range", driver.descriptor_stream_id_range],
    ["driver.control_stream_id_range", driver.control_stream_id_range],
    ["bridge.dest_stream_id_range", bridge?.dest_stream_id_range],
    ...(supervisor.per_consumer_enabled
      ? [
          span(
            "supervisor.per_consumer_descriptor_range",
            supervisor.per_consumer_descriptor_base,
            supervisor.per_consumer_descriptor_range,
          ),
          span(
            "supervisor.per_consumer_control_range",
            supervisor.per_consumer_control_base,
            supervisor.per_consumer_control_range,
          ),
        ]
      : []),
  ];
  return given.flatMap(([key, range]) => (range === undefined ? [] : [[key, range] as const]));
}

function span(key: string, first: number, count: number): readonly [string, IdRange | undefined] {
  return [key, count === 0 ? undefined : { first, last: first + count - 1 }];
}
