import { expect, test } from "@jest/globals";
import { nullCrypto, type TransportPool } from "@proj/dcquic-core";
import { SeededRandom } from "@proj/wire-types";
import { readCommand } from "#src/share/read-command.js";
import { simPools } from "../support/sim-pools.js";
import { expectClean } from "../support/settled.js";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 300);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const bytes = new Uint8Array(16);
const token = { hi: 0, lo: 3 };

/** What a thread may say, of few streams and buffers, so that commands meet. */
const made: readonly ((word: (below: number) => number) => unknown)[] = [
  (word) => ({ kind: "route", request: word(9), peer: String(word(4)), dependencies: undefined }),
  (word) => ({ kind: "watch", request: word(9), worker: word(2), token, wait: "response" }),
  (word) => ({ kind: "measure", request: word(9) }),
  (word) => ({
    kind: "open",
    stream: 2 * word(40) + 1,
    peer: "1",
    worker: 0,
    pattern: ["unary", "bidirectional", "rawBulk", "streamingRequest"][word(4)],
    priority: word(8),
    ordered: word(2) === 0,
    queue: undefined,
  }),
  (word) => ({
    kind: "send",
    stream: word(80),
    payload: word(3) === 0 ? 1 : new Uint8Array(word(2000)),
    isLast: word(2) === 0,
    isHeaders: word(4) === 0,
    meta: undefined,
    after: undefined,
    track: word(2) === 0,
  }),
  (word) => ({ kind: "end", stream: word(80) }),
  (word) => ({ kind: "stop", stream: word(80) }),
  (word) => ({ kind: "release", stream: word(80), message: word(20) }),
  (word) => ({ kind: "abort", stream: word(80), status: word(300), reason: "fuzz" }),
  (word) => ({ kind: "accept", stream: word(80), isHeld: false, ordered: true, queue: undefined }),
  (word) => ({ kind: "pull", stream: word(80), windowBytes: word(2) === 0 ? undefined : 1000 }),
  (word) => ({ kind: "placed", stream: word(80), bytes: word(2000) }),
  (word) => ({ kind: "allocate", buffer: word(3000), bytes: word(100_000), priority: word(8) }),
  (word) => ({ kind: "drop", buffer: word(3000) }),
  () => ({ kind: "serve", isOn: true }),
  (word) => ({ kind: "subscribe", isOn: word(2) === 0 }),
  (word) => ({ kind: "heard", events: word(5) }),
];
const rare: readonly ((word: (below: number) => number) => unknown)[] = [
  () => ({ kind: "attach", version: 1 }),
  () => ({ kind: "detach" }),
  () => ({ kind: "nothing" }),
  () => undefined,
  () => ({ kind: "open", stream: -1 }),
  (word) => ({
    kind: "fill",
    buffer: word(3000),
    sealing: {
      protection: 1,
      recordLog2: word(90),
      totalBytes: 2 ** word(50),
      binding: bytes,
      dataKey: new Uint8Array(32),
      messageNumber: 0,
    },
  }),
];

function commandsOf(seed: number): unknown[] {
  const random = new SeededRandom(seed);
  const words = new Uint32Array(1);
  const word = (below: number): number => {
    random.fill(new Uint8Array(words.buffer));
    return (words[0] ?? 0) % below;
  };
  return Array.from({ length: 60 }, () => {
    const from = word(40) === 0 ? rare : made;
    return from[word(from.length)]?.(word);
  });
}

async function obey(pool: TransportPool, commands: readonly unknown[]): Promise<void> {
  const lane = { send: () => {}, close: () => {} };
  const end = pool.share(lane);
  end.receive([{ kind: "attach", version: 1 }]);
  for (let at = 0; at < commands.length; at += 7) end.receive(commands.slice(at, at + 7));
  await Promise.resolve();
  end.lost();
}

test(`fuzz (seed ${SEED}): whatever a thread says of a pool, nothing is thrown, and nothing is left once it is gone`, async () => {
  for (let run = 0; run < RUNS; run++) {
    const pools = simPools({ seed: SEED + run, crypto: nullCrypto });
    pools.pool(1).serve({ accept: async (incoming) => incoming.reply(new Uint8Array(1)) });
    await obey(pools.pool(0), commandsOf(SEED + run));
    await pools.run(pools.world.nowUs + 20e6, () => Promise.resolve());
    expectClean(pools);
    expect(pools.pool(0).stats.bufferBytes).toBe(0);
  }
});

test("a command that is none is read as none, whichever field is wrong", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    for (const command of commandsOf(seed)) {
      if (readCommand(command) === undefined) continue;
      const whole = command as Record<string, unknown>;
      seen.add(String(whole["kind"]));
      for (const field of Object.keys(whole)) {
        for (const wrong of [null, -1, Number.NaN, {}, "x".repeat(5000)]) {
          expect(readCommand({ ...whole, [field]: wrong })).toBeUndefined();
        }
      }
    }
  }
  expect(seen.size).toBeGreaterThanOrEqual(made.length);
});
