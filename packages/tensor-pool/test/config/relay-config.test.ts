import { describe, expect, test } from "@jest/globals";
import type { PoolConfig } from "@proj/tensor-pool";
import { parseConfig } from "@proj/tensor-pool/node";

const PROFILES = `
[profiles.p]
payload_pools = [{ pool_id = 1, stride_bytes = 64 }]
[streams.camera]
stream_id = 10000
profile = "p"
`;
const BRIDGE = `
[bridge]
instance_id = "b1"
payload_channel = "aeron:udp?endpoint=far:40123|mtu=8k"
payload_stream_id = 3000
control_channel = "aeron:udp?endpoint=far:40124"
control_stream_id = 3001
`;
const LIMITER = `
[rate_limiter]
instance_id = "r1"
descriptor_channel = "aeron:ipc?term-length=4m"
descriptor_stream_id = 1100
`;

function problems(text: string, environment = {}): string[] {
  const result = parseConfig(text, environment);
  return result.kind === "invalid" ? result.problems.map(({ key }) => key) : [];
}

function config(text: string, environment = {}): PoolConfig {
  const result = parseConfig(text, environment);
  if (result.kind === "invalid") throw new Error(JSON.stringify(result.problems));
  expect(result.warnings).toEqual([]);
  return result.config;
}

describe("[bridge]", () => {
  test("§22: what is left out means its default", () => {
    const { bridge } = config(`${PROFILES}${BRIDGE}
forward_metadata = false
dest_stream_id_range = "50000-50009"
[[mappings]]
source_stream_id = 10000
[[mappings]]
source_stream_id = 10001
dest_stream_id = 50000
metadata_stream_id = 7
`);
    expect(bridge).toMatchObject({
      role: "both",
      mtu_bytes: 8_192,
      chunk_bytes: 8_064,
      max_chunk_bytes: 65_535,
      max_payload_bytes: 2 ** 30,
      integrity_crc32c: false,
      assembly_timeout_ms: 250,
      forward_tracelink: false,
      forward_qos: false,
      forward_progress: false,
      metadata_channel: "",
      metadata_stream_id: 0,
      mappings: [
        { dest_stream_id: 50_001, profile: "p", metadata_stream_id: 50_001 },
        { dest_stream_id: 50_000, profile: "p", metadata_stream_id: 7 },
      ],
    });
  });

  test("every key that is wrong is listed, beside those of other sections", () => {
    expect(
      problems(`
[shm]
base_dir = "relative"
[bridge]
role = "middle"
payload_channel = "http://x"
payload_stream_id = 0
control_stream_id = 1
chunk_bytes = 70000
[[mappings]]
source_stream_id = 0
`),
    ).toEqual([
      "shm.base_dir",
      "bridge.instance_id",
      "bridge.role",
      "bridge.payload_channel",
      "bridge.payload_stream_id",
      "bridge.control_channel",
      "bridge.chunk_bytes",
      "mappings.0.source_stream_id",
    ]);
    expect(problems(PROFILES + BRIDGE)).toEqual(["mappings"]);
  });

  test("§22: zero ids for what is forwarded are found, for each end what it needs", () => {
    const forwarding = (role: string) =>
      problems(`${PROFILES}${BRIDGE}
role = "${role}"
forward_qos = true
[[mappings]]
source_stream_id = 10000
dest_stream_id = 50000
`);
    expect(forwarding("both")).toEqual([
      "bridge.metadata_channel",
      "bridge.metadata_stream_id",
      "bridge.source_metadata_stream_id",
      "mappings.0.source_control_stream_id",
      "mappings.0.dest_control_stream_id",
    ]);
    expect(forwarding("sender")).not.toContain("mappings.0.dest_control_stream_id");
    expect(forwarding("receiver")).not.toContain("bridge.source_metadata_stream_id");
  });

  test("streams that have a writer already, no profile, or come from themselves are found", () => {
    const text = `
[driver]
stream_id_range = "20000-20009"
${PROFILES}${BRIDGE}
forward_metadata = false
dest_stream_id_range = "50000-50000"
[[mappings]]
source_stream_id = 1
dest_stream_id = 10000
[[mappings]]
source_stream_id = 2
dest_stream_id = 20001
profile = "none"
[[mappings]]
source_stream_id = 3
[[mappings]]
source_stream_id = 4
[[mappings]]
source_stream_id = 50000
dest_stream_id = 50000
`;
    expect(problems(text)).toEqual([
      "mappings.0.dest_stream_id",
      "mappings.1.dest_stream_id",
      "mappings.0.dest_stream_id",
      "mappings.1.profile",
      "mappings.1.dest_stream_id",
      "mappings.2.dest_stream_id",
      "mappings.3.dest_stream_id",
      "mappings.4.source_stream_id",
    ]);
    const sender = text.replace("[bridge]", '[bridge]\nrole = "sender"');
    expect(problems(sender)).toEqual([]);
  });

  test("§21: the range of destinations keeps off other ids", () => {
    expect(
      problems(`${PROFILES}${BRIDGE}
forward_metadata = false
dest_stream_id_range = "2000-10000"
[[mappings]]
source_stream_id = 5
`),
    ).toEqual([
      "bridge.dest_stream_id_range",
      "bridge.dest_stream_id_range",
      "bridge.dest_stream_id_range",
    ]);
  });
});

describe("[rate_limiter]", () => {
  test("§22: what is left out means its default; the environment wins", () => {
    const text = `${PROFILES}${LIMITER}
[[mappings]]
source_stream_id = 10000
dest_stream_id = 10001
[[mappings]]
source_stream_id = 10001
dest_stream_id = 10002
max_rate_hz = 0.5
`;
    expect(config(text, { RATE_LIMITER_MAX_RATE_HZ: "25" }).rate_limiter).toMatchObject({
      forward_metadata: true,
      control_channel: "aeron:ipc?term-length=1m",
      qos_channel: "aeron:ipc?term-length=1m",
      source_qos_stream_id: 0,
      shm_base_dir: "/dev/shm",
      driver_control_channel: "aeron:ipc?term-length=4m",
      driver_control_stream_id: 1_000,
      mappings: [
        { profile: "p", max_rate_hz: 25, metadata_stream_id: 10_001 },
        { profile: "p", max_rate_hz: 0.5, metadata_stream_id: 10_002 },
      ],
    });
  });

  test("zero ids for what is forwarded, another driver, and rings of limiters are found", () => {
    expect(
      problems(`${PROFILES}${LIMITER}
forward_qos = true
forward_progress = true
driver_control_stream_id = 9
[[mappings]]
source_stream_id = 5
dest_stream_id = 6
[[mappings]]
source_stream_id = 6
dest_stream_id = 5
`),
    ).toEqual([
      "rate_limiter.source_control_stream_id",
      "rate_limiter.dest_control_stream_id",
      "rate_limiter.source_qos_stream_id",
      "rate_limiter.dest_qos_stream_id",
      "rate_limiter.driver_control_stream_id",
      "mappings.0.source_stream_id",
      "mappings.1.source_stream_id",
    ]);
  });
});

describe("both sections", () => {
  const carried = "[[bridge.mappings]]\nsource_stream_id = 10000\ndest_stream_id = 50000\n";
  const limited = "[[rate_limiter.mappings]]\nsource_stream_id = 50000\ndest_stream_id = 50001\n";

  test("each has its own mappings", () => {
    const text = `${PROFILES}${BRIDGE}\nforward_metadata = false\n${carried}${LIMITER}${limited}`;
    const { bridge, rate_limiter } = config(text);
    expect(bridge?.mappings).toHaveLength(1);
    expect(rate_limiter?.mappings).toHaveLength(1);
    expect(problems(text.replace("= 50001", "= 50000"))).toEqual([
      "rate_limiter.mappings.0.dest_stream_id",
    ]);
  });

  test("mappings of nobody are refused, and unknown keys warned of", () => {
    const nobody = `${PROFILES}${BRIDGE}${LIMITER}[[mappings]]\nsource_stream_id = 1\n`;
    expect(problems(nobody)).toEqual(["bridge.mappings", "rate_limiter.mappings", "mappings"]);
    const result = parseConfig(`${PROFILES}${LIMITER}wings = 2\n[[mappings]]
source_stream_id = 1
dest_stream_id = 2
tail = 1
`);
    if (result.kind !== "config") throw new Error(JSON.stringify(result.problems));
    expect(result.warnings.map(({ key }) => key)).toEqual([
      "rate_limiter.wings",
      "mappings.0.tail",
    ]);
  });
});
