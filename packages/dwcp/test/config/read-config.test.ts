import { describe, expect, test } from "@jest/globals";
import {
  configFromEnvironment,
  diffConfig,
  DwcpConfigTable,
  mergeNested,
  nestConfig,
  readConfig,
  requireConfig,
} from "@proj/dwcp";

describe("B16: the configuration", () => {
  test("has the specification's defaults, and is disabled", () => {
    const config = requireConfig({});
    expect(config).toMatchObject({
      enabled: false,
      "transport.minStreams": 16,
      "transport.maxStreams": 256,
      "transport.initialStreams": 32,
      "transport.congestionControl": "bbr",
      "compression.level": 3,
      "compression.maxDeltaChain": 10,
      "migration.downtimeMs": 300,
      "metrics.port": 9464,
      "compat.fallback": true,
    });
  });

  test("every key of the specification is there", () => {
    const sections = {
      "": "enabled",
      node: "id listen peers",
      transport:
        "minStreams maxStreams initialStreams autoStreams streamScalingFactor chunkBytes pacing pacingRateBitsPerSecond congestionControl creditBytes sendAheadUnits verification connectTimeoutMs stallTimeoutMs sessionTtlMs shutdownTimeoutMs provider rdma.device rdma.port",
      security: "mode",
      compression:
        "enabled level adaptive minRatio cpuCeiling delta deltaAlgorithm baselineIntervalMs maxBaselineAgeMs maxDeltaChain baselineMemoryBytes pruneIntervalMs dictionary.enabled dictionary.refreshMs dictionary.maxBytes dictionary.maxSamples workers",
      migration: "downtimeMs maxRounds maxConcurrent minShare",
      metrics: "port",
      health: "intervalMs",
      compat: "fallback",
    };
    const keys = Object.entries(sections).flatMap(([section, names]) =>
      names.split(" ").map((name) => (section === "" ? name : `${section}.${name}`)),
    );
    expect(keys.toSorted()).toEqual(Object.keys(DwcpConfigTable).toSorted());
  });

  test("every default is allowed, and survives being written and read", () => {
    const config = requireConfig({});
    expect(requireConfig(nestConfig(config))).toEqual(config);
    expect(Object.keys(config)).toEqual(Object.keys(DwcpConfigTable));
  });

  test("all problems are listed, with paths, whether DWCP is enabled or not", () => {
    const read = readConfig({
      enabled: "yes",
      transport: { minStreams: 0, maxStreams: 5000, provider: "rdma", streams: 3 },
      compression: { level: 10, deltaAlgorithm: "best", dictionary: { maxSamples: 1.5 } },
      sync: {},
      migration: 7,
    });
    if (read.kind === "config") throw new Error("it is wrong");
    expect(read.problems.map(({ path }) => path).toSorted()).toEqual([
      "compression.deltaAlgorithm",
      "compression.dictionary.maxSamples",
      "compression.level",
      "enabled",
      "migration",
      "sync",
      "transport.maxStreams",
      "transport.minStreams",
      "transport.rdma.device",
      "transport.rdma.port",
      "transport.streams",
    ]);
  });

  test("numbers of streams have to fit each other", () => {
    for (const [transport, path] of [
      [{ minStreams: 20, maxStreams: 10 }, "transport.maxStreams"],
      [{ minStreams: 40 }, "transport.initialStreams"],
    ] as const) {
      expect(readConfig({ transport })).toMatchObject({ problems: [{ path }] });
    }
  });

  test("0 is a value only where it has a meaning", () => {
    expect(requireConfig({ transport: { pacingRateBitsPerSecond: 0 } })).toBeDefined();
    expect(readConfig({ transport: { pacingRateBitsPerSecond: 5 } }).kind).toBe("problems");
    expect(readConfig({ transport: { creditBytes: 0 } }).kind).toBe("problems");
  });

  test("the environment overrides the file, and unknown names are told", () => {
    const environment = configFromEnvironment({
      DWCP_TRANSPORT_MIN_STREAMS: "4",
      DWCP_COMPRESSION_ADAPTIVE: "false",
      DWCP_NODE_PEERS: "a:1,b:2",
      PATH: "/bin",
    });
    const file = { transport: { minStreams: 8, maxStreams: 64 } };
    expect(requireConfig(mergeNested(file, environment))).toMatchObject({
      "transport.minStreams": 4,
      "transport.maxStreams": 64,
      "compression.adaptive": false,
      "node.peers": ["a:1", "b:2"],
    });
    expect(readConfig(configFromEnvironment({ DWCP_SPEED: "9" }))).toMatchObject({
      problems: [{ path: "DWCP_SPEED" }],
    });
    const wrong = readConfig(configFromEnvironment({ DWCP_COMPRESSION_LEVEL: "much" }));
    expect(wrong).toMatchObject({ problems: [{ path: "compression.level" }] });
  });

  test("a difference says what needs a restart", () => {
    const from = requireConfig({});
    const to = requireConfig({ compression: { level: 5 }, transport: { minStreams: 2 } });
    expect(diffConfig(from, to)).toEqual([
      { path: "transport.minStreams", from: 16, to: 2, applies: "restart" },
      { path: "compression.level", from: 3, to: 5, applies: "live" },
    ]);
    expect(diffConfig(from, from)).toEqual([]);
  });
});
