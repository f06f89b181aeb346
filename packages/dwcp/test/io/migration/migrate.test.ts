import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { RoundInfo } from "@proj/dwcp";
import { type DwcpNode, ImageFileSource, type MigrationRound } from "@proj/dwcp/node";
import { startTcpProxy } from "@proj/wan";
import { BusyMemory } from "../../support/busy-memory.js";
import { addressOf, storedIn, TwoNodes } from "../../support/two-nodes.js";

let nodes: TwoNodes;
let sender: DwcpNode;
let memories: BusyMemory[];

beforeEach(async () => {
  nodes = new TwoNodes();
  memories = [];
  sender = await nodes.start({ nodeId: "sender", workers: 1, sessionTtlMs: 1_500 });
});

afterEach(async () => {
  for (const each of memories) each.stop();
  await nodes.close();
});

function memory(pages: number, writesPerTurn: number): BusyMemory {
  const made = new BusyMemory(pages, writesPerTurn);
  memories.push(made);
  return made;
}

function receiving(
  received: (round: RoundInfo | undefined) => void | Promise<void> = () => undefined,
): Promise<DwcpNode> {
  return nodes.start({
    nodeId: "receiver",
    workers: 1,
    sessionTtlMs: 1_500,
    listen: { host: "127.0.0.1", port: 0 },
    store: join(nodes.folder, "store"),
    received: (_, round) => received(round),
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("B15: memory that is written to all the time arrives as it was when it stood still", async () => {
  const source = memory(2_000, 3);
  const runs: (string | undefined)[] = [];
  const receiver = await receiving((round) => {
    runs.push(round?.isLast === true ? `runs there, ${source.isRunning}` : `round ${round?.round}`);
  });
  const seen: MigrationRound[] = [];
  const result = await sender.migrate(addressOf(receiver), {
    key: "machine",
    source,
    goal: { downtimeMs: 2_000, maxRounds: 8 },
    folder: nodes.folder,
    progress: (round) => seen.push(round),
  });
  expect(sha256(storedIn(receiver, "machine"))).toBe(source.sha256);
  expect(source.log).toEqual(["pause"]);
  expect(source.isRunning).toBe(false);
  expect(runs.at(-1)).toBe("runs there, false");
  expect(runs[0]).toBe("round 0");
  expect(seen).toEqual(result.rounds);
  expect(result.rounds.length).toBeGreaterThan(1);
  expect(result.rounds[0]?.dirtyBytes).toBe(source.bytes.length);
  // Later rounds bring only what was written since.
  const later = result.rounds.slice(1);
  for (const each of later) expect(each.wireBytes).toBeLessThan(source.bytes.length / 2);
  expect(result.downtimeUs).toBeGreaterThan(0);
  expect(readdirSync(nodes.folder).filter((name) => name.startsWith("dwcp-migration"))).toEqual([]);
});

test("B15: a source that does not converge is throttled, and moves all the same", async () => {
  const receiver = await receiving();
  const source = memory(1_500, 400);
  const result = await sender.migrate(addressOf(receiver), {
    key: "busy",
    source,
    goal: { downtimeMs: 1, maxRounds: 4, whenStuck: "throttle" },
  });
  expect(source.log).toEqual(["throttle 0.5", "pause"]);
  expect(result.rounds).toHaveLength(5);
  expect(sha256(storedIn(receiver, "busy"))).toBe(source.sha256);
});

test("B15: given up, the source goes on as before", async () => {
  const receiver = await receiving();
  const source = memory(1_000, 300);
  const giveUp = sender.migrate(addressOf(receiver), {
    key: "k",
    source,
    goal: { downtimeMs: 1, maxRounds: 2, whenStuck: "abort" },
  });
  await expect(giveUp).rejects.toMatchObject({ code: "dwcp.cancelled" });
  expect(source.log).toEqual([]);
  expect(source.isRunning).toBe(true);
  const abort = new AbortController();
  const aborted = sender.migrate(addressOf(receiver), {
    key: "k",
    source,
    signal: abort.signal,
    goal: { downtimeMs: 1, maxRounds: 1_000 },
    progress: () => abort.abort(),
  });
  await expect(aborted).rejects.toMatchObject({ code: "dwcp.cancelled" });
  expect(source.isRunning).toBe(true);
});

test("B15: an error in the last round, before SWITCHOVER, resumes the source", async () => {
  const receiver = await receiving();
  const proxy = await startTcpProxy({ toPort: addressOf(receiver).port });
  const source = memory(1_000, 1);
  const pause = source.pause.bind(source);
  source.pause = () => {
    pause();
    void proxy.close();
  };
  const moving = sender.migrate(
    { host: "127.0.0.1", port: proxy.port },
    { key: "k", source, goal: { downtimeMs: 60_000 } },
  );
  const error: unknown = await moving.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "DwcpError" });
  expect(error).not.toMatchObject({ details: { switchedOver: true } });
  expect(source.log).toEqual(["pause", "resume"]);
  expect(source.isRunning).toBe(true);
  // Nothing but the rounds before is there.
  expect(receiver.store?.objects.map(({ generation }) => generation)).toHaveLength(1);
});

test("B15: a source that cannot be resumed is said to stand still, with both reasons", async () => {
  const receiver = await receiving();
  const source = memory(300, 100);
  const gone = new Error("the monitor is gone");
  source.throttle = (share) => {
    if (share === 1) throw gone;
  };
  source.pause = () => {
    source.stop();
    throw new Error("it does not stop");
  };
  source.resume = () => {
    throw gone;
  };
  const moving = sender.migrate(addressOf(receiver), {
    key: "k",
    source,
    goal: { downtimeMs: 1, maxRounds: 4, whenStuck: "throttle" },
  });
  const error: unknown = await moving.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "dwcp.source_changed",
    details: { switchedOver: false },
    // Its throttle, too, where it was throttled: a machine that is busy lets it write so little that it is not.
    cause: {
      errors: expect.arrayContaining([
        expect.objectContaining({ message: "it does not stop" }),
        gone,
      ]),
    },
  });
});

test("B15: what does not converge is stopped and copied, where that is asked for", async () => {
  const receiver = await receiving();
  const source = memory(600, 300);
  const result = await sender.migrate(addressOf(receiver), {
    key: "k",
    source,
    goal: { downtimeMs: 1, maxRounds: 30, whenStuck: "stopAndCopy" },
  });
  // The first round, three that do not shrink, and the last one.
  expect(result.rounds.length).toBeLessThan(10);
  expect(result.predictedUs).toBeGreaterThan(1_000);
  expect(source.log).toEqual(["pause"]);
  expect(sha256(storedIn(receiver, "k"))).toBe(source.sha256);
});

test("B15: after SWITCHOVER the source never runs again, whatever happens", async () => {
  let taken = 0;
  const receiver = await receiving((round) => {
    if (round?.isLast !== true) return;
    taken += 1;
    throw new Error("the machine does not start");
  });
  const source = memory(500, 1);
  const moving = sender.migrate(addressOf(receiver), {
    key: "k",
    source,
    goal: { downtimeMs: 60_000 },
  });
  await expect(moving).rejects.toMatchObject({ details: { switchedOver: true } });
  expect(taken).toBe(1);
  expect(source.log).toEqual(["pause"]);
});

test("B15: a session that breaks between VERIFIED and COMMITTED does not undo it", async () => {
  const connections: { reset(): void }[] = [];
  const receiver = await receiving(async (round) => {
    if (round?.isLast !== true) return;
    for (const each of connections) each.reset();
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  const proxy = await startTcpProxy({
    toPort: addressOf(receiver).port,
    onConnection: (connection) => void connections.push(connection),
  });
  const source = memory(500, 1);
  await sender.migrate(
    { host: "127.0.0.1", port: proxy.port },
    { key: "k", source, goal: { downtimeMs: 60_000 } },
  );
  expect(sha256(storedIn(receiver, "k"))).toBe(source.sha256);
  expect(source.log).toEqual(["pause"]);
  await proxy.close();
});

test("B15: migrations at the same time share a session with a transfer, and each ends right", async () => {
  const receiver = await receiving();
  const to = addressOf(receiver);
  const [a, b] = [memory(800, 2), memory(700, 2)];
  const goal = { downtimeMs: 2_000, maxRounds: 5 };
  await Promise.all([
    sender.migrate(to, { key: "a", source: a, goal }),
    sender.migrate(to, { key: "b", source: b, goal, minShare: 0.5 }),
    sender.send(to, { key: "file", from: randomBytes(4_000_000) }),
  ]);
  expect(sha256(storedIn(receiver, "a"))).toBe(a.sha256);
  expect(sha256(storedIn(receiver, "b"))).toBe(b.sha256);
});

test("an image in a file moves while it is written to; what nobody tells is found", async () => {
  const receiver = await receiving();
  const path = join(nodes.folder, "disk.img");
  writeFileSync(path, randomBytes(3_000 * 4_096));
  const file = openSync(path, "r+");
  const write = (): void => {
    const at = Math.floor(Math.random() * 3_000 * 4_096 - 100);
    writeSync(file, randomBytes(100), 0, 100, Math.max(0, at));
  };
  let timer: NodeJS.Timeout | undefined = setInterval(write, 3);
  const source = await ImageFileSource.open(path, {
    pause: () => {
      clearInterval(timer);
      timer = undefined;
    },
    resume: () => undefined,
  });
  const result = await sender.migrate(addressOf(receiver), {
    key: "disk",
    source,
    goal: { downtimeMs: 1_000, maxRounds: 5 },
  });
  await source.close();
  closeSync(file);
  expect(timer).toBeUndefined();
  expect(sha256(storedIn(receiver, "disk"))).toBe(sha256(readFileSync(path)));
  expect(result.rounds.length).toBeGreaterThan(1);
  writeFileSync(path, "odd");
  const writer = { pause: () => undefined, resume: () => undefined };
  await expect(ImageFileSource.open(path, writer)).rejects.toMatchObject({
    code: "dwcp.unsupported",
  });
});
