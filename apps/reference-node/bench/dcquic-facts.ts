import { type Fact, quantile } from "@proj/bench";
import { Engine, BufferRegistry, nullCrypto, type PathId } from "@proj/dcquic-core";
import { type PlannedTransfer, runWorkload } from "@proj/dcquic-core/sim";
import { nodeCrypto } from "@proj/dcquic-core/node";
import { SeededRandom } from "@proj/wire-types";
import type { Ends } from "./dcquic-calls.js";
import { type DriverName, openPools, overDcquic, toProcess } from "./dcquic-peers.js";

// In Node a global of this kind is a getter: the clock is read twice for each call.
const { performance } = globalThis;

const LINK = { bytesPerSecond: 3.125e9, delayUs: 50, queueBytes: 1_048_576 };
const IDLE_PEERS = 1000;

const SPIN_TARGET = { atMost: 30 } as const;

/**
 * One unary call after the other, by itself so that a driver which spins keeps nobody else from running: how long each takes.
 * Between two processes it says what the machine has two processors for.
 */
export async function loneCalls(driver: DriverName, ends: Ends, seconds: number): Promise<Fact[]> {
  const { ask, close } = await (ends === "one thread" ? overDcquic(driver) : toProcess(driver));
  const request = new Uint8Array(128);
  const run = async (forSeconds: number): Promise<Float64Array> => {
    const samples: number[] = [];
    const endMs = performance.now() + forSeconds * 1000;
    for (let startMs = performance.now(); startMs < endMs; startMs = performance.now()) {
      await ask(request);
      samples.push((performance.now() - startMs) * 1000);
    }
    return Float64Array.from(samples).toSorted();
  };
  await run(seconds);
  const sorted = await run(seconds);
  await close();
  const target = driver === "spinning" ? { target: SPIN_TARGET } : {};
  const name = `lone call of 128 B, ${driver}, ${ends}`;
  return [
    { name: `${name}: p50`, value: quantile(sorted, 0.5), unit: "µs", ...target },
    { name: "  p99", value: quantile(sorted, 0.99), unit: "µs" },
  ];
}

/** 200 senders at once into one simulated link. */
export function incast(each: number): Fact[] {
  const bytes = 32_768;
  const transfers = Array.from({ length: 200 * each }, (_, i) => ({
    from: 1 + (i % 200),
    to: 0,
    bytes,
    atUs: 0,
  }));
  const common = { seed: 1, crypto: nullCrypto, untilUs: 30_000_000, network: LINK };
  const report = runWorkload({ ...common, hosts: 201, transfers });
  // What the link carries besides: 80 bytes of dcQUIC and 66 of everything below for each packet.
  const wire = transfers.length * (bytes + Math.ceil(bytes / 1320) * 146);
  const share = ((wire / LINK.bytesPerSecond) * 1e6) / report.finishedUs;
  return [
    {
      name: "incast of 200 senders: share of the link",
      value: share,
      unit: "",
      target: { atLeast: 0.95 },
    },
    {
      name: "  datagrams dropped",
      value: report.world.network.queueDrops,
      unit: "",
      target: { atMost: 0 },
    },
    { name: "  goodput ratio", value: report.goodputRatio, unit: "", target: { atLeast: 0.995 } },
  ];
}

/** What priority 0 waits under a full load of priority 6, against what it waits alone, in the simulator. */
export function urgent(): Fact[] {
  const p99 = (background: readonly PlannedTransfer[]): number => {
    const first = Array.from({ length: 100 }, (_, i) => ({
      from: 1 + (i % 8),
      to: 0,
      bytes: 2000,
      atUs: 400 + 25 * i,
      priority: 0,
    }));
    const common = { seed: 2, crypto: nullCrypto, untilUs: 5_000_000, network: LINK };
    const transfers = [...first, ...background];
    const { outcomes } = runWorkload({ ...common, hosts: 9, transfers });
    const waits = first.map(({ atUs }, i) => (outcomes[i]?.deliveredUs ?? Infinity) - atUs);
    return quantile(Float64Array.from(waits).toSorted(), 0.99);
  };
  const background = Array.from({ length: 160 }, (_, i) => ({
    from: 1 + (i % 8),
    to: 0,
    bytes: 65_536,
    atUs: 0,
    priority: 6,
  }));
  const [alone, loaded] = [p99([]), p99(background)];
  return [
    {
      name: "priority 0 under full load: p99 ÷ p99 alone",
      value: loaded / alone,
      unit: "",
      target: { atMost: 2 },
    },
  ];
}

/** Memory of a path on which nothing happens, and of a call that nobody answers yet, with both of its ends. */
export async function memory(outstanding: number): Promise<Fact[]> {
  const random = new SeededRandom(1);
  const engine = new Engine({
    crypto: nodeCrypto,
    random,
    buffers: new BufferRegistry(1_048_576),
    nowUs: 0,
  });
  const paths: PathId[] = [];
  const perPeer = await grown(IDLE_PEERS, () => {
    const bytes = (length: number): Uint8Array => random.fill(new Uint8Array(length));
    const hello = {
      versions: [2],
      aeads: ["aes-256-gcm"],
      dataAuth: [0],
      recordLog2: [16],
      epoch: bytes(16),
      endpoints: [],
      maxDatagramBytes: 1400,
      notifyLimit: 1024,
      inlineLimit: 4096,
      asked: [],
      answers: [],
      application: new Uint8Array(0),
    } as const;
    const established = {
      role: "dialer",
      pathSecret: bytes(32),
      credentialId: bytes(16),
      aead: "aes-256-gcm",
      peer: hello,
      peerResetToken: bytes(16),
    } as const;
    paths.push(engine.addPath(0, established, paths.length));
  });
  const { caller, answerer, close } = await openPools("dgram");
  answerer.serve({ accept: () => new Promise(() => {}) });
  const under: Promise<unknown>[] = [];
  const perCall = await grown(outstanding, () => {
    const { response } = caller.unaryRpc(answerer.name, new Uint8Array(128));
    under.push(response.catch(() => undefined));
  });
  await close();
  await Promise.all(under);
  return [
    { name: `memory of an idle peer (${paths.length} of them)`, value: perPeer, unit: "bytes" },
    { name: `memory of an outstanding call of 128 B, both ends`, value: perCall, unit: "bytes" },
  ];
}

async function grown(count: number, each: () => void): Promise<number> {
  const held = async (): Promise<number> => {
    // What was closed before goes in more than one collection: finalizers run between them.
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      globalThis.gc?.();
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = await held();
  for (let i = 0; i < count; i++) each();
  return ((await held()) - before) / count;
}
