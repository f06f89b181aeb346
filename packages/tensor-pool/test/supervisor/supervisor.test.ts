import { describe, expect, test } from "@jest/globals";
import {
  ConsumerLink,
  type ConsumerWishes,
  DescriptorFanOut,
  StreamIdPool,
  Supervisor,
  type SupervisorEvent,
  type SupervisorOptions,
  wire,
} from "@proj/tensor-pool";

const IPC = "aeron:ipc?term-length=4m";
const wishes = { streamId: 10, consumerId: 7 };

function supervisor(options: Partial<SupervisorOptions> = {}): Supervisor {
  return new Supervisor({
    descriptorIds: new StreamIdPool({ first: 31_000, last: 31_001 }, [31_001]),
    controlIds: new StreamIdPool({ first: 32_000, last: 32_099 }),
    ...options,
  });
}

function hello(some: Partial<ConsumerWishes> = {}): wire.ConsumerHello {
  const bytes = new ConsumerLink({ ...wishes, ...some }).due(0n);
  if (bytes === undefined) throw new Error("no hello is due");
  return wire.decodeConsumerHello(bytes);
}

function configOf(event: SupervisorEvent): wire.ConsumerConfig {
  if (event.kind === "stale") throw new Error("no answer");
  return event.config;
}

const own = { channel: IPC, streamId: 31_000 };
const control = { channel: IPC, streamId: 32_005 };

describe("§26.9: four combinations", () => {
  test.each([
    [{}, 0, 0],
    [{ descriptors: own }, 31_000, 0],
    [{ control }, 0, 32_005],
    [{ descriptors: own, control }, 31_000, 32_005],
  ] as const)("%j", (some, descriptorStreamId, controlStreamId) => {
    const config = configOf(supervisor().hello(0n, hello(some)));
    expect(config).toMatchObject({ descriptorStreamId, controlStreamId });
    expect(config.descriptorChannel).toBe(descriptorStreamId === 0 ? "" : IPC);
  });

  test.each([
    ["a channel without an id", IPC, 0],
    ["an id without a channel", "", 31_000],
    ["no Aeron channel", "tcp://x", 31_000],
    ["an Aeron channel that cannot be read", "aeron:ipc?x", 31_000],
    ["a channel of another's choosing", "aeron:udp?endpoint=1.2.3.4:5", 31_000],
    ["a channel that is too long", `aeron:ipc?alias=${"x".repeat(1_024)}`, 31_000],
  ])("%s is declined", (_, descriptorChannel, descriptorStreamId) => {
    const strict = supervisor({ allowedPrefixes: ["aeron:ipc"] });
    const config = configOf(
      strict.hello(0n, { ...hello(), descriptorChannel, descriptorStreamId }),
    );
    expect(config).toMatchObject({ descriptorStreamId: 0, descriptorChannel: "" });
  });

  test("lenient: a channel without an id gets one", () => {
    const lenient = supervisor({ lenient: true });
    const request = { ...hello(), descriptorChannel: IPC, descriptorStreamId: 0 };
    expect(configOf(lenient.hello(0n, request)).descriptorStreamId).toBe(31_000);
  });
});

describe("§26.9: what a consumer got", () => {
  test("it gets again for the same hello, and another for another", () => {
    const boss = supervisor({ descriptorIds: new StreamIdPool({ first: 1, last: 9 }) });
    const first = boss.hello(0n, hello({ descriptors: { channel: IPC, streamId: 3 } }));
    const again = boss.hello(1n, hello({ descriptors: { channel: IPC, streamId: 3 } }));
    expect(configOf(again)).toEqual(configOf(first));
    expect(again.kind === "answered" && again.before).toBe(
      again.kind === "answered" && again.consumer,
    );
    const other = boss.hello(2n, hello({ descriptors: { channel: IPC, streamId: 4 } }));
    expect(configOf(other).descriptorStreamId).toBe(4);
    expect(other.kind === "answered" && other.before?.descriptors?.streamId).toBe(3);
    expect(boss.consumers).toHaveLength(1);
  });

  test("the range is exhausted, and free again when a consumer is silent for 5 s", () => {
    const boss = supervisor();
    const ask = (nowNs: bigint, consumerId: number): number =>
      configOf(boss.hello(nowNs, hello({ consumerId, descriptors: own }))).descriptorStreamId;
    expect(ask(0n, 1)).toBe(31_000);
    expect(ask(0n, 2)).toBe(0);
    boss.qos(3_000_000_000n, {
      streamId: 10,
      consumerId: 2,
      epoch: 1n,
      lastSeqSeen: 0n,
      dropsGap: 0n,
      dropsLate: 0n,
      mode: wire.Mode.STREAM,
    });
    expect(boss.tick(5_000_000_000n)).toEqual([]);
    const [stale, ...others] = boss.tick(5_000_000_001n);
    expect(others).toEqual([]);
    expect(stale).toMatchObject({ kind: "stale", consumer: { consumerId: 1 } });
    expect(ask(6_000_000_000n, 3)).toBe(31_000);
  });

  test("a consumer above the capacity is declined", () => {
    const boss = supervisor({ capacity: 1 });
    boss.hello(0n, hello());
    const second = boss.hello(0n, hello({ consumerId: 8, descriptors: own }));
    expect(second).toMatchObject({ kind: "declined", config: { descriptorStreamId: 0 } });
    expect(boss.consumers).toHaveLength(1);
  });

  test("shared memory and mode follow the policy", () => {
    expect(configOf(supervisor().hello(0n, hello())).useShm).toBe(wire.Bool.TRUE);
    expect(configOf(supervisor().hello(0n, hello({ supportsShm: false }))).useShm).toBe(0);
    const layout = { ...hello(), expectedLayoutVersion: 2 };
    expect(configOf(supervisor().hello(0n, layout)).useShm).toBe(wire.Bool.FALSE);
    const strict = supervisor({
      forceNoShm: true,
      forceMode: wire.Mode.RATE_LIMITED,
      payloadFallbackUri: "bridge://there",
    });
    expect(configOf(strict.hello(0n, hello()))).toMatchObject({
      useShm: wire.Bool.FALSE,
      mode: wire.Mode.RATE_LIMITED,
      payloadFallbackUri: "bridge://there",
    });
  });
});

describe("§26.9: a consumer", () => {
  const granted = { ...hello(), useShm: wire.Bool.TRUE, payloadFallbackUri: "" };

  test("reads both streams until its own has begun, and goes back when it is declined", () => {
    const link = new ConsumerLink({ ...wishes, descriptors: own, control });
    const config = configOf(supervisor().hello(0n, hello({ descriptors: own, control })));
    expect(link.configured(config).map(({ kind }) => kind)).toEqual([
      "openDescriptors",
      "openControl",
    ]);
    expect(link.reads).toBe("both");
    expect(link.configured(config)).toEqual([]);
    link.ownAvailable();
    expect(link.reads).toBe("own");
    link.ownUnavailable();
    expect(link.reads).toBe("both");
    expect(link.configured({ ...granted, consumerId: 8 })).toEqual([]);
    const declined = configOf(supervisor().hello(0n, hello()));
    expect(link.configured(declined).map(({ kind }) => kind)).toEqual([
      "closeDescriptors",
      "closeControl",
    ]);
    expect(link.reads).toBe("shared");
  });

  test("says hello each second and after a new mapping, with its hints", () => {
    const progress = { intervalUs: 100, majorUnits: 2 };
    const link = new ConsumerLink({ ...wishes, maxRateHz: 30, progress });
    const first = link.due(0n);
    expect(first && wire.decodeConsumerHello(first)).toMatchObject({
      supportsProgress: wire.Bool.TRUE,
      mode: wire.Mode.RATE_LIMITED,
      maxRateHz: 30,
      progressIntervalUs: 100,
      progressMajorDeltaUnits: 2,
    });
    expect(link.due(999_999_999n)).toBeUndefined();
    link.remapped();
    expect(link.due(999_999_999n)).toBeDefined();
    expect(link.limitsItself).toBe(true);
  });

  test("without shared memory it falls back, once", () => {
    const link = new ConsumerLink(wishes);
    const config = configOf(
      supervisor({ forceNoShm: true, payloadFallbackUri: "aeron:udp" }).hello(0n, hello()),
    );
    expect(link.configured(config)).toEqual([{ kind: "fallBack", uri: "aeron:udp" }]);
    expect(link.configured(config)).toEqual([]);
    expect(link.useShm).toBe(false);
  });
});

test("§26.9: a rate caps a consumer's own descriptors, and nobody else's", () => {
  let nowNs = 1_000_000_000n;
  const sent = { shared: 0, slow: 0, quick: 0, closed: 0 };
  const sink = (name: "slow" | "quick") => ({
    offer: () => ++sent[name],
    close: () => {
      sent.closed++;
    },
  });
  const fanOut = new DescriptorFanOut({ offer: () => ++sent.shared }, () => nowNs);
  fanOut.set(1, sink("slow"), 10);
  fanOut.set(2, sink("quick"), 0);
  for (let frame = 0; frame < 100; frame++) {
    fanOut.offer(new Uint8Array(48));
    nowNs += 10_000_000n;
  }
  expect(sent).toEqual({ shared: 100, slow: 10, quick: 100, closed: 0 });
  fanOut.set(2, { offer: () => -2, close: () => undefined }, 0);
  expect(fanOut.offer(new Uint8Array(48))).toBe(101);
  expect(fanOut.ownBackPressured).toBe(1);
  fanOut.close();
  expect([sent.closed, fanOut.ownCount]).toEqual([2, 0]);
});
