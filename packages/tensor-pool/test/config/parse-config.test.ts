import { describe, expect, test } from "@jest/globals";
import { type ConfigResult, parseConfig } from "@proj/tensor-pool/node";

function problems(result: ConfigResult): string[] {
  return result.kind === "invalid" ? result.problems.map(({ key }) => key) : [];
}

describe("a configuration", () => {
  test("an empty file means the defaults of §22", () => {
    const result = parseConfig("");
    if (result.kind !== "config") throw new Error(JSON.stringify(result.problems));
    expect(result.config).toMatchObject({
      driver: {
        instance_id: "driver-01",
        aeron_dir: "",
        control_channel: "aeron:ipc?term-length=4m",
        control_stream_id: 1_000,
        announce_channel: "aeron:ipc?term-length=4m",
        announce_stream_id: 1_000,
        qos_stream_id: 1_200,
      },
      shm: {
        base_dir: "/dev/shm",
        namespace: "default",
        require_hugepages: false,
        permissions_mode: "660",
        allowed_base_dirs: ["/dev/shm"],
      },
      policies: {
        allow_dynamic_streams: false,
        default_profile: "",
        announce_period_ms: 1_000,
        lease_keepalive_interval_ms: 1_000,
        lease_expiry_grace_intervals: 3,
        prefault_shm: true,
        epoch_gc_keep: 2,
        epoch_gc_min_age_ns: 3_000_000_000,
        shutdown_timeout_ms: 2_000,
        shutdown_token: "",
        node_id_reuse_cooldown_ms: 1_000,
      },
      supervisor: { consumer_capacity: 256, consumer_stale_ms: 5_000, metadata_stream_id: 1_300 },
      discovery: undefined,
    });
    expect(result.warnings).toEqual([]);
  });

  test("everything that is wrong is listed at once", () => {
    const result = parseConfig(`
[driver]
control_stream_id = 0
control_channel = "http://x"
stream_id_range = "9-3"
[shm]
base_dir = "relative"
permissions_mode = "99"
[policies]
announce_period_ms = -1
mlock_shm = "yes"
[profiles.a]
header_nslots = 12
payload_pools = [{ pool_id = 1, stride_bytes = 100 }]
[streams.s]
profile = "a"
[discovery]
request_stream_id = "x"
`);
    expect(problems(result)).toEqual([
      "driver.control_channel",
      "driver.control_stream_id",
      "driver.stream_id_range",
      "shm.base_dir",
      "shm.permissions_mode",
      "policies.announce_period_ms",
      "policies.mlock_shm",
      "profiles.a.header_nslots",
      "profiles.a.payload_pools.0.stride_bytes",
      "streams.s.stream_id",
      "discovery.request_stream_id",
      "discovery.driver_instance_id",
      "discovery.driver_control_channel",
      "discovery.driver_control_stream_id",
    ]);
  });

  test("names that lead nowhere and ids that collide are found across keys", () => {
    const result = parseConfig(`
[driver]
stream_id_range = [1100, 20000]
descriptor_stream_id_range = "900-1000"
control_stream_id_range = "950-960"
[policies]
default_profile = "none"
allow_dynamic_streams = true
[profiles.a]
payload_pools = [{ pool_id = 1, stride_bytes = 64 }, { pool_id = 1, stride_bytes = 128 }]
[streams.s]
stream_id = 10000
profile = "b"
[streams.t]
stream_id = 10000
profile = "a"
`);
    expect(problems(result)).toEqual([
      "profiles.a.payload_pools",
      "policies.default_profile",
      "streams.s.profile",
      "streams.t.stream_id",
      "driver.stream_id_range",
      "driver.stream_id_range",
      "driver.stream_id_range",
      "driver.stream_id_range",
      "driver.descriptor_stream_id_range",
      "driver.descriptor_stream_id_range",
      "driver.control_stream_id_range",
    ]);
  });

  test("streams of clients need a range and a profile", () => {
    expect(problems(parseConfig("[policies]\nallow_dynamic_streams = true"))).toEqual([
      "policies.allow_dynamic_streams",
      "driver.stream_id_range",
    ]);
  });

  test("the environment wins over the file, and begins sections that it does not have", () => {
    const result = parseConfig('[driver]\ncontrol_stream_id = 5\ninstance_id = "a"', {
      AERON_DIR: "/dev/shm/x",
      DRIVER_CONTROL_STREAM_ID: "6",
      DRIVER_INSTANCE_ID: "7",
      DRIVER_STREAM_ID_RANGE: "30-40",
      SHM_PERMISSIONS_MODE: "600",
      POLICIES_PREFAULT_SHM: "false",
      SHM_ALLOWED_BASE_DIRS: '["/a", "/b"]',
    });
    if (result.kind !== "config") throw new Error(JSON.stringify(result.problems));
    expect(result.config).toMatchObject({
      driver: {
        aeron_dir: "/dev/shm/x",
        control_stream_id: 6,
        instance_id: "7",
        stream_id_range: { first: 30, last: 40 },
      },
      shm: { permissions_mode: "600", allowed_base_dirs: ["/a", "/b"] },
      policies: { prefault_shm: false },
    });
    expect(problems(parseConfig("", { DRIVER_CONTROL_STREAM_ID: "many" }))).toEqual([
      "driver.control_stream_id",
    ]);
  });

  test("the environment wins over profiles and streams, by the names that the file has for them", () => {
    const file = `[profiles.small]
      payload_pools = [{ pool_id = 1, stride_bytes = 64 }]
      [profiles.Large]
      payload_pools = [{ pool_id = 1, stride_bytes = 4096 }]
      [streams.camera]
      stream_id = 10000
      profile = "small"`;
    const environment = {
      PROFILES_SMALL_HEADER_NSLOTS: "64",
      PROFILES_LARGE_PAYLOAD_POOLS: "[{ pool_id = 2, stride_bytes = 128 }]",
      STREAMS_CAMERA_STREAM_ID: "10001",
      STREAMS_CAMERA_PROFILE: "Large",
      STREAMS_OTHER_STREAM_ID: "10002",
    };
    const result = parseConfig(file, environment);
    if (result.kind !== "config") throw new Error(JSON.stringify(result.problems));
    expect(result.config.profiles).toEqual({
      small: { header_nslots: 64, payload_pools: [{ pool_id: 1, stride_bytes: 64 }] },
      Large: { header_nslots: 1024, payload_pools: [{ pool_id: 2, stride_bytes: 128 }] },
    });
    expect(result.config.streams).toEqual({ camera: { stream_id: 10_001, profile: "Large" } });
    expect(problems(parseConfig(file, { PROFILES_SMALL_HEADER_NSLOTS: "3" }))).toEqual([
      "profiles.small.header_nslots",
    ]);
  });

  test("keys that are not known are warned of", () => {
    const result = parseConfig("[driver]\nwings = 2\n[fly]\na = 1");
    if (result.kind !== "config") throw new Error("invalid");
    expect(result.warnings.map(({ key }) => key)).toEqual(["driver.wings", "fly"]);
  });

  test("a file that is no TOML is told with its line", () => {
    const result = parseConfig("[driver]\nx = = 1");
    if (result.kind !== "invalid") throw new Error("valid");
    expect(result.problems).toHaveLength(1);
    expect(result.problems[0]?.key).toMatch(/^line 2, column \d+$/);
  });
});
