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
    expect(nestConfig(requireConfig({}))).toEqual({
      enabled: false,
      node: { id: "", listen: "", peers: [] },
      transport: {
        minStreams: 16,
        maxStreams: 256,
        maxStreamsTotal: 0,
        initialStreams: 32,
        autoStreams: true,
        streamScalingFactor: 1.5,
        chunkBytes: 262_144,
        pacing: true,
        pacingRateBitsPerSecond: 0,
        congestionControl: "bbr",
        creditBytes: 64 * 1_048_576,
        sendAheadUnits: 2,
        verification: "beside",
        connectTimeoutMs: 30_000,
        stallTimeoutMs: 2_000,
        sessionTtlMs: 120_000,
        shutdownTimeoutMs: 30_000,
        provider: "auto",
        rdma: { device: "", port: 0 },
      },
      security: { mode: "psk" },
      compression: {
        enabled: true,
        level: 3,
        adaptive: true,
        minRatio: 1.1,
        cpuCeiling: 0.8,
        delta: true,
        deltaAlgorithm: "auto",
        baselineIntervalMs: 300_000,
        maxBaselineAgeMs: 900_000,
        maxDeltaChain: 10,
        baselineMemoryBytes: 1_073_741_824,
        pruneIntervalMs: 600_000,
        dictionary: { enabled: true, refreshMs: 86_400_000, maxBytes: 112_640, maxSamples: 1_000 },
        workers: 0,
      },
      migration: { downtimeMs: 300, maxRounds: 30, maxConcurrent: 4, minShare: 0.1 },
      metrics: { port: 9_464 },
      health: { intervalMs: 10_000 },
      compat: { fallback: true },
    });
  });

  test.each([
    ["transport.minStreams", 1, 1_024],
    ["transport.maxStreams", 1, 4_096],
    ["transport.maxStreamsTotal", 1, 65_536],
    ["transport.initialStreams", 1, 4_096],
    ["transport.streamScalingFactor", 1.01, 10],
    ["transport.chunkBytes", 4_096, 16_777_216],
    ["transport.pacingRateBitsPerSecond", 1_000_000, undefined],
    ["transport.connectTimeoutMs", 1_000, 300_000],
    ["transport.rdma.port", 1, 65_535],
    ["compression.level", 0, 9],
    ["compression.minRatio", 1, undefined],
    ["compression.cpuCeiling", 0, 1],
    ["compression.baselineIntervalMs", 1_000, 86_400_000],
    ["compression.maxDeltaChain", 1, 1_000],
    ["compression.pruneIntervalMs", 60_000, 86_400_000],
    ["compression.dictionary.refreshMs", 60_000, 604_800_000],
    ["compression.workers", 1, undefined],
    ["migration.minShare", 0, 1],
  ] as const)("%s is from %d to %d, and nothing beside", (path, least, most) => {
    const pathsWrongWith = (value: number): readonly string[] => {
      const read = readConfig(nestOne(path, value));
      return read.kind === "config" ? [] : read.problems.map((problem) => problem.path);
    };
    expect(pathsWrongWith(least)).not.toContain(path);
    // 0 may mean that the node finds the value itself.
    for (const below of [least - 0.001, -1]) expect(pathsWrongWith(below)).toContain(path);
    if (most === undefined) return;
    expect(pathsWrongWith(most)).not.toContain(path);
    for (const above of [most + 0.001, most + 1, Number.NaN]) {
      expect(pathsWrongWith(above)).toContain(path);
    }
  });

  test.each(["nowhere", "host:", ":9951", "host:65536", "host:99999", "host:9951x"])(
    "%s is no address to listen at, and none of a peer",
    (address) => {
      const read = readConfig({ node: { listen: address, peers: ["a:1", address] } });
      if (read.kind === "config") throw new Error("it is wrong");
      expect(read.problems.map(({ path }) => path)).toEqual(["node.listen", "node.peers"]);
    },
  );

  test("every key of the specification is there", () => {
    const sections = {
      "": "enabled",
      node: "id listen peers",
      transport:
        "minStreams maxStreams maxStreamsTotal initialStreams autoStreams streamScalingFactor chunkBytes pacing pacingRateBitsPerSecond congestionControl creditBytes sendAheadUnits verification connectTimeoutMs stallTimeoutMs sessionTtlMs shutdownTimeoutMs provider rdma.device rdma.port",
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
      [{ maxStreamsTotal: 15 }, "transport.maxStreamsTotal"],
    ] as const) {
      expect(readConfig({ transport })).toMatchObject({ problems: [{ path }] });
    }
  });

  test("all numbers of streams that do not fit are told at once", () => {
    const read = readConfig({ transport: { minStreams: 40, maxStreams: 20, maxStreamsTotal: 30 } });
    expect(read).toMatchObject({
      problems: [{ path: "transport.maxStreams" }, { path: "transport.maxStreamsTotal" }],
    });
    expect(readConfig({ transport: { maxStreamsTotal: 16 } }).kind).toBe("config");
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

// As a file would hold one value; streams in bounds that fit each other.
function nestOne(path: string, value: number): unknown {
  const nested = { transport: { minStreams: 1, maxStreams: 4_096, initialStreams: 1_024 } };
  const over = path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  return mergeNested(nested, over);
}
