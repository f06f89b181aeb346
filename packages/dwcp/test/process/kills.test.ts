import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { nodeCrc32 } from "@proj/dwcp/node";
import { type ProxiedConnection, startTcpProxy, type TcpProxy } from "@proj/wan";
import { until } from "@proj/wire-types/testing";
import { type ChildProcess, fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJournal } from "#src/journal/journal.js";
import { killed, nodeProgram, portOf } from "../support/node-process.js";

/** How many transfers are cut by kills: `KILL_ROUNDS=100` is the release run. */
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 4);
/** The same rounds again: `KILL_SEED`, which every failure names. */
const SEED = Number(process.env["KILL_SEED"] ?? Date.now() % 1_000_000);

// Each round starts processes, syncs files and is limited in rate on purpose.
jest.setTimeout(60_000 * (ROUNDS + 2));

const RAW_BYTES = 4_000_000;
const BYTES_PER_SECOND = 900_000;
/** What was under way at the kill, and goes again: a second's worth. */
const UNDER_WAY_BYTES = 900_000;

/** When a process is killed: after a random time, or when its peer's disk shows that a step is done. */
const points = ["random", "first bytes are durable", "the object is renamed"] as const;
type Point = (typeof points)[number];

let folder: string;
let proxy: TcpProxy;
let port: number;
let receiver: ChildProcess;
const connections: ProxiedConnection[] = [];
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-kills-"));
  port = 0;
  await startReceiver();
  const onConnection = (connection: ProxiedConnection): void => void connections.push(connection);
  proxy = await startTcpProxy({ toPort: port, bytesPerSecond: BYTES_PER_SECOND, onConnection });
});

afterAll(async () => {
  await proxy.close();
  for (const child of children) await killed(child);
  rmSync(folder, { recursive: true, force: true });
});

test(`C3: ${ROUNDS} transfers are finished whatever is killed when`, async () => {
  const random = new SeededRandom(SEED);
  const pick = (below: number): number => (random.fill(new Uint8Array(1))[0] ?? 0) % below;
  for (let round = 0; round < ROUNDS; round++) {
    const point = points[round % points.length] ?? "random";
    const victim = pick(2) === 0 ? "sender" : "receiver";
    const where = `round ${round}, KILL_SEED=${SEED}: the ${victim} at "${point}"`;
    try {
      await transferWithKill(point, victim, 100 + 8 * pick(200));
    } catch (cause) {
      throw new Error(where, { cause });
    }
  }
});

async function transferWithKill(
  point: Point,
  victim: "sender" | "receiver",
  afterMs: number,
): Promise<void> {
  rmSync(join(folder, "store", "objects", "object"), { recursive: true, force: true });
  const bytes = randomBytes(RAW_BYTES);
  const file = join(folder, "file");
  writeFileSync(file, bytes);
  const transferId = randomBytes(16).toString("hex");
  let sending = start("send", proxy.port, file, transferId);
  let outcome = outcomeOf(sending);
  const due = performance.now() + (point === "random" ? afterMs : 30_000);
  const isDue = (): boolean =>
    performance.now() >= due || (point !== "random" && stepIsDone(point, transferId));
  await until(() => isDue() || sending.exitCode !== null, point);
  if (victim === "sender") await killed(sending);
  else await killed(receiver);
  const atKill = { durable: durableBytes(transferId), wire: onTheWire() };
  if (victim === "sender") {
    sending = start("send", proxy.port, file, transferId);
    outcome = outcomeOf(sending);
  } else {
    await startReceiver();
  }
  const result = await outcome;
  expectOnlyTheRest(atKill, onTheWire());
  expect(result["rawBytes"]).toBe(RAW_BYTES);
  const stored = readFileSync(join(folder, "store", "objects", "object", "0.bin"));
  expect(sha(stored)).toBe(sha(bytes));
  expect(readdirSync(join(folder, "store", "parts"))).toEqual([]);
}

/** What is durable is not sent again: after the kill no more goes over the wire than the rest, with its headers. */
function expectOnlyTheRest(
  atKill: { readonly durable: number; readonly wire: number },
  wireBytes: number,
): void {
  const rest = RAW_BYTES - atKill.durable;
  expect(wireBytes - atKill.wire).toBeLessThan(rest + RAW_BYTES / 100 + UNDER_WAY_BYTES);
}

function onTheWire(): number {
  return connections.reduce((sum, { bytesToServer }) => sum + bytesToServer, 0);
}

/** What the journal says that is durable; all of it, once the object has its name. */
function durableBytes(transferId: string): number {
  if (stepIsDone("the object is renamed", transferId)) return RAW_BYTES;
  const journal = join(folder, "store", "parts", `${transferId}.journal`);
  if (!existsSync(journal)) return 0;
  const { records } = decodeJournal(readFileSync(journal), nodeCrc32);
  return records.reduce((sum, { length }) => sum + length, 0);
}

function stepIsDone(point: Point, transferId: string): boolean {
  const store = join(folder, "store");
  if (point === "the object is renamed")
    return existsSync(join(store, "objects", "object", "0.bin"));
  const journal = join(store, "parts", `${transferId}.journal`);
  return existsSync(journal) && statSync(journal).size > 200;
}

function start(...args: (string | number)[]): ChildProcess {
  const child = fork(nodeProgram, args.map(String), { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

async function startReceiver(): Promise<void> {
  receiver = start("receive", port, join(folder, "store"));
  port = await portOf(receiver);
}

async function outcomeOf(child: ChildProcess): Promise<Record<string, unknown>> {
  let said = "";
  child.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  return await new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as Record<string, unknown>));
    child.once("exit", (code, signal) => {
      if (signal !== "SIGKILL") reject(new Error(`the sender ended with ${code}: ${said}`));
    });
  });
}

function sha(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
