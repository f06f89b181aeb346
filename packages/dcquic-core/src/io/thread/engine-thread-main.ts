// Runs on the engine's own thread; started by EngineThread.
import { backend } from "@proj/native-io";
import { asWireError } from "@proj/wire-types";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { RegisteredBuffer } from "../../buffer/registered-buffer.js";
import type { AnnounceResult } from "../../engine/announce-options.js";
import { NativeDriver } from "../native/native-driver.js";
import { CommandTaker } from "./command-taker.js";
import {
  type ThreadAnnounce,
  type ThreadCommand,
  type ThreadNews,
  type ThreadStart,
  ThreadWord,
} from "./thread-messages.js";

const start = workerData as ThreadStart;
const port = parentPort;
if (port === null) throw new TypeError("engine-thread-main runs on a thread of its own");

// Both threads count on these in the order in which they were posted.
const ABOUT_PATHS: ReadonlySet<ThreadCommand["kind"]> = new Set([
  "addPath",
  "removePath",
  "addForeignPath",
  "removeForeignPath",
]);
const MAX_HANDED = {
  foreign: 4096,
  // A longer queue would only delay what the receiver asks for, and the answers to probes with it.
  outgoing: 512,
} as const;
const LOAD_EVERY_US = 50_000;
const { words } = start;
const news: ThreadNews[] = [];
const taker = new CommandTaker(words);
let isStopping = false;
let loadAtUs = 0;

await main();

async function main(): Promise<void> {
  const notes = pin();
  const driver = await bind(notes);
  if (driver === undefined) return;
  while (!isStopped()) {
    Atomics.add(words, ThreadWord.iterations, 1);
    const isAsked = obeyAll(driver);
    if (isAsked) taker.claim((transfer) => driver.engine.cancel(transfer));
    const isBusy = driver.poll(isAsked ? "spin" : start.polling);
    if (isBusy || isAsked) Atomics.store(words, ThreadWord.transfers, driver.engine.stats.entries);
    tellLoad(driver);
    flush();
  }
  await driver.close();
  port?.close();
}

// Counting takes a look at every transfer: a few times a second is often enough for a router.
function tellLoad({ engine, nowUs }: NativeDriver): void {
  if (nowUs < loadAtUs) return;
  loadAtUs = nowUs + LOAD_EVERY_US;
  Atomics.store(words, ThreadWord.queuedKib, Math.ceil(engine.queuedBytes() / 1024));
}

// A thread that does not fetch them must not be buried: what it cannot keep up with is lost, as in a socket.
function handOver(handed: ThreadNews & { kind: "foreign" | "outgoing" }): void {
  const word = ThreadWord[handed.kind];
  if (Atomics.load(words, word) >= MAX_HANDED[handed.kind]) return;
  Atomics.add(words, word, 1);
  news.push(handed);
}

function pin(): string[] {
  if (start.cpu === undefined) return [];
  const outcome = backend.cores.pin([start.cpu]);
  return outcome.kind === "done" ? [] : [`not pinned to ${start.cpu}: ${outcome.reason}`];
}

async function bind(notes: readonly string[]): Promise<NativeDriver | undefined> {
  try {
    const driver = await NativeDriver.bind({
      ports: start.ports,
      config: start.config,
      resetSigner: start.resetSigner,
      ...(start.rma === undefined ? {} : { rma: start.rma }),
      ...(start.sockets === undefined ? {} : { sockets: start.sockets }),
      thread: start.polling === "spin" && start.cpu !== undefined ? "own" : "shared",
      onEvent: (event) => void news.push({ kind: "event", event }),
      onForeign: (packet) => handOver({ kind: "foreign", packet }),
      onOutgoing: (packet) => handOver({ kind: "outgoing", packet }),
      onNicLost: (errno) => void news.push({ kind: "nicLost", errno }),
    });
    news.push({ kind: "bound", ports: driver.ports, notes, rmaOffers: driver.rmaOffers });
    flush();
    return driver;
  } catch (thrown) {
    const { code, message } = asWireError(thrown);
    news.push({ kind: "notBound", code, message });
    flush();
    port?.close();
    return undefined;
  }
}

// Asking for messages costs more than a turn that finds nothing: the counter says whether it is worth it.
function obeyAll(driver: NativeDriver): boolean {
  const posted = Atomics.load(words, ThreadWord.posted);
  if (posted === taker.seen || port === null) return false;
  while (taker.seen !== posted) {
    const message: { message: readonly ThreadCommand[] } | undefined = receiveMessageOnPort(port);
    if (message === undefined) break;
    const isTaken = taker.take();
    for (const command of message.message) {
      if (isTaken || ABOUT_PATHS.has(command.kind)) obey(driver, command);
    }
  }
  return true;
}

function obey(driver: NativeDriver, command: ThreadCommand): void {
  const { engine, nowUs } = driver;
  switch (command.kind) {
    case "announce":
      return announce(driver, command);
    case "accept":
      return engine.accept(nowUs, command.transfer, command.placed);
    case "placed":
      return engine.placed(command.transfer, command.bytes);
    case "reject":
    case "consume":
    case "cancel":
      return engine[command.kind](command.transfer);
    case "close":
      return engine.close(nowUs, command.path, command.options);
    case "settleToken":
      return engine.settleToken(command.token, command.outcome);
    case "addPath": {
      const { host, port: udpPort } = command.address;
      const path = engine.addPath(nowUs, command.established, driver.addressOf(host, udpPort));
      if (path !== command.path) throw new TypeError(`path ${path}, ${command.path} expected`);
      return;
    }
    case "addAddress": {
      const { host, port: udpPort } = command.address;
      return engine.addAddress(command.path, driver.addressOf(host, udpPort), command.whose);
    }
    case "doubt":
      return engine.doubt(nowUs, command.path);
    case "nextAddress":
      engine.nextAddress(nowUs, command.path, command.silentUs);
      return;
    case "removePath":
      return engine.removePath(command.path);
    case "failPath":
      return engine.failPath(command.path, command.status);
    case "moveTransfers":
      engine.moveTransfers(nowUs, command.path, command.to);
      return;
    case "addForeignPath":
      return engine.addForeignPath(command.credentialId, command.home);
    case "removeForeignPath":
      return engine.removeForeignPath(command.credentialId);
    case "takeForeign":
      return driver.takeForeign(command.packet);
    case "sendBy":
      return driver.sendBy(command.whom);
    case "sendFor":
      return driver.sendFor(command.packet);
    case "watch":
      return engine.watch(command.groups);
    case "measure":
      news.push({ kind: "measured", measured: driver.measured });
      return;
    case "stop":
      isStopping = true;
  }
}

function announce(
  driver: NativeDriver,
  { call, path, options }: ThreadCommand & { kind: "announce" },
): void {
  const { engine, buffers, nowUs } = driver;
  const { payload } = options;
  if (payload instanceof Uint8Array) {
    tellAnnounced(call, engine.announce(nowUs, path, withPayload(options, payload)));
    return;
  }
  const buffer = buffers.adopt(payload, () => void news.push({ kind: "bufferReleased", call }));
  tellAnnounced(call, engine.announce(nowUs, path, withPayload(options, buffer)));
  buffers.release(buffer);
}

function tellAnnounced(call: number, result: AnnounceResult): void {
  if (result.kind === "announced") taker.announced(result.transfer);
  news.push({ kind: "announced", call, result });
}

function withPayload<P extends Uint8Array | RegisteredBuffer>(
  options: ThreadAnnounce,
  payload: P,
): Omit<ThreadAnnounce, "payload"> & { readonly payload: P } {
  return { ...options, payload };
}

function flush(): void {
  if (news.length === 0) return;
  port?.postMessage(news);
  news.length = 0;
}

function isStopped(): boolean {
  return isStopping;
}
