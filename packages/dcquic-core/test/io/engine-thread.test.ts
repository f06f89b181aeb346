import { afterEach, expect, test } from "@jest/globals";
import type {
  AnnounceOptions,
  AnnounceResult,
  EngineEvent,
  EstablishedPath,
  PathId,
  TransportPool,
} from "@proj/dcquic-core";
import { bindThread, EngineThread } from "@proj/dcquic-core/node";
import { backend } from "@proj/native-io";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import { until } from "@proj/wire-types/testing";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { Shape } from "#src/wire/constants.js";
import { establishedAs } from "../support/raw-peer.js";
import { localPool } from "../support/udp-pools.js";

const parts = { crypto: nodeCrypto, random: systemRandom, timers: systemTime };
const message = (): AnnounceOptions => ({
  shape: Shape.OpenedByAnnouncer | Shape.Open | Shape.End,
  priority: 3,
  messageSeq: 0,
  payload: new Uint8Array(10),
});
const resetSigner = new Uint8Array(32).fill(4);
const threads: EngineThread[] = [];
const pools: TransportPool[] = [];
/** How often the other thread may be the faster one. */
const MAX_ATTEMPTS = 100;
const nativeTest = backend.kind === "native" ? test : test.skip;

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await Promise.all(threads.splice(0).map((thread) => thread.close()));
});

async function start(
  more: Partial<Parameters<typeof EngineThread.start>[0]> = {},
): Promise<EngineThread> {
  const thread = await EngineThread.start({
    ports: [{ host: "127.0.0.1", port: 0 }],
    resetSigner,
    onEvent: () => {},
    ...more,
  });
  threads.push(thread);
  return thread;
}

nativeTest(
  "§3 row 3, NIC worker: the loop of a thread counts its iterations, however it waits",
  async () => {
    for (const polling of ["spin", "hybrid", "blocking"] as const) {
      const thread = await start({ polling });
      const before = thread.iterations;
      await until(() => thread.iterations - before >= 20, `${polling} to go round 20 times`);
      await thread.close();
    }
  },
);

nativeTest("§19: a thread is pinned to the processor it is given, or says why not", async () => {
  const allowed = backend.cores.affinity();
  const cpu = allowed.kind === "done" ? (allowed.value[0] ?? 0) : 0;
  const pinned = await start({ cpu });
  expect(pinned.notes).toEqual([]);
  const nowhere = await start({ cpu: 4000 });
  expect(nowhere.notes).toEqual([expect.stringContaining("not pinned to 4000")]);
});

nativeTest("§16.1: several ports of one thread are all bound", async () => {
  const thread = await start({
    ports: [
      { host: "127.0.0.1", port: 0 },
      { host: "127.0.0.1", port: 0 },
    ],
  });
  expect(new Set(thread.ports.map(({ port }) => port)).size).toBe(2);
});

nativeTest("a port that is taken is refused with a code", async () => {
  const thread = await start();
  await expect(start({ ports: thread.ports })).rejects.toMatchObject({
    code: "wire.connection_failed",
  });
});

nativeTest(
  "§18: what a thread did not take before it was given up is refused as untaken, and never done when it turns again",
  async () => {
    const abandoned = async () => {
      const thread = await start();
      const { crypto, random, timers } = parts;
      const port = thread.port({ crypto, random, timers });
      const open = (established: EstablishedPath): PathId =>
        thread.engine.addPath(0, established, thread.addressOf("127.0.0.1", 9));
      const answers: AnnounceResult[] = [];
      const announce = (path: PathId): void =>
        port.announce(path, message(), (result) => void answers.push(result));
      const path = open(establishedAs("dialer"));
      // So many that the thread has not come to the next batch when it is given up.
      for (let i = 0; i < 20_000; i++) announce(path);
      await Promise.resolve();
      for (let i = 0; i < 10; i++) announce(path);
      thread.abandon();
      const untaken = answers.filter((each) => each.kind === "refused" && each.isUntaken).length;
      return { thread, open, announce, answers, path, untaken };
    };
    let given = await abandoned();
    // It has come to all of them where this thread had to wait for a processor: that tells nothing.
    for (let attempt = 1; given.untaken === 0; attempt++) {
      expect(attempt).toBeLessThan(MAX_ATTEMPTS);
      given = await abandoned();
    }
    const { thread, open, announce, answers, path, untaken } = given;
    expect(answers).toHaveLength(20_010);
    expect([10, 20_010]).toContain(untaken);
    // It takes what it is asked from then on, and numbers its paths as before.
    thread.engine.removePath(path);
    const next = open(establishedAs("dialer", 9));
    const before = answers.length;
    announce(next);
    await until(() => answers.length > before, "the answer");
    expect(answers.at(-1)).toMatchObject({ kind: "announced" });
    const measured = await thread.measure();
    expect(measured?.stats.entries).toBeLessThanOrEqual(1);
  },
);

nativeTest("§18: when a thread dies its paths fail, and it says so", async () => {
  const events: EngineEvent[] = [];
  let lost = (_reason: string): void => {};
  const reason = new Promise<string>((resolve) => (lost = resolve));
  const thread = await start({ onEvent: (event) => void events.push(event), onLost: lost });
  // Not a path at all: the engine over there throws.
  const path = thread.engine.addPath(0, {} as EstablishedPath, thread.addressOf("127.0.0.1", 9));
  await reason;
  expect(events).toContainEqual({ kind: "pathFailed", path, status: 17 });
});

nativeTest("§18: a call on a thread that dies is rejected, and its buffers return", async () => {
  let dying: EngineThread | undefined;
  const bind = async (options: Parameters<typeof bindThread>[0]): Promise<EngineThread> => {
    dying = await bindThread(options);
    threads.push(dying);
    return dying;
  };
  const [caller, answerer] = await Promise.all([localPool({ bind }), localPool()]);
  pools.push(caller, answerer);
  answerer.serve({ accept: () => {} });
  const call = caller.unaryRpc(answerer.name, new Uint8Array(300_000));
  const refused = expect(call.response).rejects.toMatchObject({
    code: expect.stringMatching(/^dcquic\./),
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  dying?.engine.addPath(0, {} as EstablishedPath, dying.addressOf("127.0.0.1", 9));
  await refused;
  expect(dying?.buffers.references).toBe(0);
});
