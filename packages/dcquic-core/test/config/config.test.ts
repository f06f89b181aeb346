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

  // From a file, or from a program that no compiler looked at.
  test.each([
    [{ preset: "laptop" }, 'preset: "laptop" is none of devLaptop, twoCoreTest, cloudUdp25G'],
    [{ mtu: 1300 }, "mtu: there is no such key"],
    [{ constructor: 1 }, "constructor: there is no such key"],
    [{ mtuBytes: "1400" }, 'mtuBytes: "1400" is not a number from 0 on'],
    [{ mtuBytes: null }, "mtuBytes: null is not a number from 0 on"],
    [{ peerTimeoutUs: Infinity }, "peerTimeoutUs: Infinity is not a number from 0 on"],
    [{ workers: 2.5 }, "workers: 2.5 is not a whole number"],
    [{ workers: -1 }, "workers: -1 is not a number from 0 on"],
    [{ ecn: true }, "ecn: true is none of auto, off"],
    [{ dataAuth: "none" }, 'dataAuth: "none" is none of packet, headers'],
    [{ onWorkerHang: "exit" }, 'onWorkerHang: "exit" is none of abort, event'],
    [{ icmpPolicy: "never" }, 'icmpPolicy: "never" is none of verify, immediate'],
    [{ cores: null }, "cores: null is not an object"],
    [
      { cores: { count: -1, ids: [1.5, -2], poll: "turbo" } },
      "cores.count: -1 is not a number from 0 on; cores.ids[0]: 1.5 is not a whole number; " +
        'cores.ids[1]: -2 is not a number from 0 on; cores.poll: "turbo" is none of',
    ],
    [{ nics: "eth0" }, 'nics: "eth0" is not a list'],
    [{ nics: [null] }, "nics[0]: null is not an object"],
    [
      { nics: [{ bytesPerSecond: 1e9, flowBytesPerSecond: 1e9, address: 5, name: "eth0" }] },
      "nics[0].address: 5 is no text; nics[0].name: there is no such key",
    ],
    [
      { rotation: { packets: 0.5, bytes: 0 } },
      "rotation.packets: 0.5 is less than 1; rotation.bytes",
    ],
  ])("what is of the wrong kind is refused with its key: %j", (choice, message) => {
    const given: object = choice;
    expect(() => resolveDcquicConfig(given)).toThrow(RangeError);
    expect(() => resolveDcquicConfig(given)).toThrow(message);
  });

  test("beside what is of the wrong kind, everything else that is wrong is named too", () => {
    const given: object = { preset: "?", nics: 7, rotation: null, mtuBytes: 5, notifyWindow: 1e6 };
    const named =
      /^preset: .*; nics: 7 .*; rotation: null .*; mtuBytes: 5 .*; notifyWindow: 1000000 /s;
    expect(() => resolveDcquicConfig(given)).toThrow(named);
  });

  test("a key without a value was not chosen", () => {
    const given: object = { preset: undefined, mtuBytes: undefined };
    expect(resolveDcquicConfig(given)).toEqual(DEFAULT_DCQUIC_CONFIG);
  });

  test.each([
    "challengeBytes",
    "challengeEntries",
    "causalityInitialSlots",
    "causalityMaxSlots",
    "dataKeyCache",
    "eventsRing",
    "initialRttUs",
    "maxHandshakes",
    "maxPtoUs",
    "maxTransfersPerPeer",
    "overcommit",
    "pathCapacity",
    "peerTimeoutUs",
    "queueDepth",
    "rehandshakeUs",
    "socketBufferBytes",
    "streamQueueBytes",
    "streamQueueMessages",
    "timerGranularityUs",
  ])("%s of 0 would leave no room, or no time, for anything", (key) => {
    expect(() => resolveDcquicConfig({ [key]: 0 })).toThrow(`${key}: 0 is less than 1`);
  });

  test("a contradiction is refused before anything starts", () => {
    expect(() => resolveDcquicConfig({ inlineMaxBytes: 1300 })).toThrow(
      "inlineMaxBytes: 1300 exceeds mtuBytes − 200",
    );
  });
});
