import { describe, expect, test } from "@jest/globals";
import {
  configProblems,
  DEFAULT_DCQUIC_CONFIG,
  engineConfigOf,
  presets,
  resolveConfig,
  resolveDcquicConfig,
} from "@proj/dcquic-core";

const names = Object.keys(presets) as (keyof typeof presets)[];

describe("§3 row 20, limits, §20: configuration", () => {
  test.each(names)("preset %s contradicts nothing, nor does what engines get of it", (preset) => {
    const config = resolveDcquicConfig({ preset });
    expect(configProblems(config, { cores: 192 })).toEqual([]);
    for (let worker = 0; worker < Math.max(1, config.workers); worker++) {
      expect(() => resolveConfig(engineConfigOf(config, worker))).not.toThrow();
    }
  });

  test("the workers of a NIC share its rate, and eight NICs make 3.2 Tbit/s", () => {
    const config = resolveDcquicConfig({ preset: "efa8Nic" });
    let total = 0;
    for (let worker = 0; worker < config.workers; worker++) {
      total += engineConfigOf(config, worker).nicBytesPerSecond ?? 0;
    }
    expect(total * 8).toBeCloseTo(3.2e12, -3);
  });

  test("everything that is wrong is named at once, with its key", () => {
    const problems = configProblems(
      {
        ...DEFAULT_DCQUIC_CONFIG,
        mtuBytes: 1200,
        inlineMaxBytes: 1024,
        notifyWindow: 100_000,
        recordBytes: 50_000,
        rxUtilisation: 1.5,
        pullQuantumBytes: 100,
        workers: 1,
        nics: [
          { bytesPerSecond: 1, flowBytesPerSecond: 2 },
          { bytesPerSecond: 0, flowBytesPerSecond: 1 },
        ],
        cores: { count: 9, ids: [1, 1], poll: "spin" },
        queueDepth: Number.NaN,
        peerTimeoutUs: 1,
      },
      { cores: 2 },
    );
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      "cores.count",
      "cores.ids",
      "cores.ids",
      "inlineMaxBytes",
      "nics[0].flowBytesPerSecond",
      "nics[1].bytesPerSecond",
      "nics[1].flowBytesPerSecond",
      "notifyWindow",
      "probeIdleUs",
      "pullQuantumBytes",
      "queueDepth",
      "recordBytes",
      "rxUtilisation",
      "workers",
    ]);
  });

  test("a contradiction is refused before anything starts", () => {
    expect(() => resolveDcquicConfig({ inlineMaxBytes: 1300 })).toThrow(
      "inlineMaxBytes: 1300 exceeds mtuBytes − 200",
    );
  });
});
