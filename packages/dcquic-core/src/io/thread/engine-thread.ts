import { Worker } from "node:worker_threads";
import { asWireError } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { BufferRegistry } from "../../buffer/buffer-registry.js";
import type { RegisteredBuffer } from "../../buffer/registered-buffer.js";
import type { AnnounceResult } from "../../engine/announce-options.js";
import { Status } from "../../engine/status.js";
import type { Measured } from "../../metrics/engine-metrics.js";
import type { RmaOffer } from "../../negotiate/transport-choice.js";
import { Watchdog, WATCHDOG_INTERVAL_MS } from "../../router/watchdog.js";
import type { PortParts } from "../../stream/engine-port.js";
import type { EngineHostOptions } from "../engine-host.js";
import type { HandedPacket, OutgoingPacket, UdpAddress } from "../peer-addresses.js";
import { CommandPost } from "./command-post.js";
import { firstNews } from "./first-news.js";
import type { PathCommands, Sender } from "../pool/pool-driver.js";
import {
  THREAD_WORDS,
  type ThreadCommand,
  type ThreadNews,
  type ThreadStart,
  ThreadWord,
} from "./thread-messages.js";
import { ThreadPaths } from "./thread-paths.js";
import { ThreadPort } from "./thread-port.js";
import type { ThreadSettings } from "./thread-settings.js";

/** What an {@link EngineThread} is made with. */
export interface EngineThreadOptions extends Omit<EngineHostOptions, "crypto">, ThreadSettings {
  /** Where to listen. */
  readonly ports: readonly UdpAddress[];
}

// Far more than a loaded machine needs to start a thread.
const START_MS = 60_000;
const DEFAULT_BUFFER_BYTES = 256 * 1024 * 1024;

/**
 * An engine with native sockets on a thread of its own, and what an application's thread needs to use it.
 *
 * Payload stays where it is: buffers are shared memory. Everything else crosses in batches, one message per turn of either
 * loop.
 *
 * @see spec/dcquic.md §19, §22
 */
export class EngineThread {
  /** The buffers of own transfers. */
  readonly buffers: BufferRegistry;
  /** Every port it receives at. */
  readonly ports: readonly UdpAddress[];
  /** What was asked for and is not so: one line each. */
  readonly notes: readonly string[];
  /** How its memory can be read by peers. */
  readonly rmaOffers: readonly RmaOffer[];
  /** Its paths. */
  readonly engine: PathCommands;
  readonly #thread: Worker;
  readonly #words: Int32Array;
  readonly #commands: CommandPost;
  readonly #options: EngineThreadOptions;
  readonly #watchdog = new Watchdog();
  readonly #interval: NodeJS.Timeout;
  readonly #paths = new ThreadPaths((command) => this.post(command));
  readonly #calls = new Map<number, ThreadCall>();
  readonly #measuring: ((measured: Measured | undefined) => void)[] = [];
  #nextCall = 0;
  #isOver = false;

  private constructor(
    thread: Worker,
    words: Int32Array,
    bound: ThreadNews & { kind: "bound" },
    options: EngineThreadOptions,
  ) {
    this.#thread = thread;
    this.#words = words;
    this.#commands = new CommandPost((batch) => thread.postMessage(batch), words);
    this.#options = options;
    this.ports = bound.ports;
    this.notes = bound.notes;
    this.rmaOffers = bound.rmaOffers;
    this.buffers =
      options.buffers ?? new BufferRegistry(options.bufferBytes ?? DEFAULT_BUFFER_BYTES);
    this.engine = this.#paths;
    thread.on("message", (news: readonly ThreadNews[]) => {
      for (const each of news) this.#take(each);
    });
    // What is thrown over there ends the thread; `exit` says so.
    let reason = "the thread ended";
    thread.on("error", (error) => (reason = asWireError(error).message));
    thread.once("exit", () => this.#lose(reason));
    this.#watchdog.watch(0, systemTime.nowUs() / 1000, this.iterations);
    this.#interval = setInterval(() => this.#watch(), WATCHDOG_INTERVAL_MS);
    this.#interval.unref();
  }

  /**
   * Starts the thread and binds its sockets.
   *
   * @throws WireError `wire.connection_failed` where a port cannot be bound, the addon is missing, or the thread does not start.
   */
  static async start(options: EngineThreadOptions): Promise<EngineThread> {
    const words = new Int32Array(new SharedArrayBuffer(4 * THREAD_WORDS));
    const { ports, config = {}, resetSigner, polling = "hybrid", cpu, rma, sockets } = options;
    const workerData: ThreadStart = {
      ports,
      config,
      resetSigner,
      polling,
      cpu,
      rma,
      sockets,
      words,
    };
    const thread = new Worker(new URL("./engine-thread-main.js", import.meta.url), { workerData });
    const first = await firstNews(thread, START_MS);
    if (first.kind === "bound") return new EngineThread(thread, words, first, options);
    await thread.terminate();
    const message = first.kind === "notBound" ? first.message : "the thread began with no answer";
    throw asWireError(new Error(message), "wire.connection_failed");
  }

  /** Where it receives: the first of its ports. */
  get address(): UdpAddress {
    const [first] = this.ports;
    return first ?? { host: "", port: 0 };
  }

  /** The time that both threads go by; µs. */
  get nowUs(): number {
    return systemTime.nowUs();
  }

  /** Iterations of its loop so far, wrapping. */
  get iterations(): number {
    return Atomics.load(this.#words, ThreadWord.iterations);
  }

  /** Transfers in its table. */
  get transfers(): number {
    return Atomics.load(this.#words, ThreadWord.transfers);
  }

  /** Bytes that waited in the engine lately, for a router that looks for the worker with less to do. */
  get queuedBytes(): number {
    return Atomics.load(this.#words, ThreadWord.queuedKib) * 1024;
  }

  /** Asks the engine for its numbers; `undefined` if the thread is gone or ends meanwhile. */
  measure(): Promise<Measured | undefined> {
    if (this.#isOver) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#measuring.push(resolve);
      this.post({ kind: "measure" });
    });
  }

  /** A number for a peer's address, for `engine.addPath`. */
  addressOf(host: string, port: number): number {
    return this.#paths.addressOf(host, port);
  }

  /** The port of the engine, for streams on the application's thread. */
  port(parts: PortParts): ThreadPort {
    return new ThreadPort(this, parts);
  }

  /** Passes on a datagram that arrived at another worker. */
  takeForeign(packet: HandedPacket): void {
    this.post({ kind: "takeForeign", packet });
  }

  /** Has its thread send by its own sockets, or give what the engine sends to others because the NIC behind them is gone. */
  sendBy(whom: Sender): void {
    this.post({ kind: "sendBy", whom });
  }

  /** Sends a datagram of a worker whose NIC is gone. */
  sendFor(packet: OutgoingPacket): void {
    this.post({ kind: "sendFor", packet });
  }

  /** Has nothing to do: commands go by themselves. */
  pump(): void {}

  /** Announces; `done` is called with the answer, and `released` when the engine needs the buffer no more. */
  announce(
    command: Omit<ThreadCommand & { kind: "announce" }, "kind" | "call">,
    call: ThreadCall,
  ): void {
    if (this.#isOver) {
      if (call.buffer !== undefined) this.buffers.release(call.buffer);
      return call.fail("untaken");
    }
    const number = this.#nextCall++;
    call.batch = this.#commands.batch;
    this.#calls.set(number, call);
    this.post({ kind: "announce", call: number, ...command });
  }

  /** Passes a command on, with the others of this turn. */
  post(command: ThreadCommand): void {
    this.#commands.post(command);
  }

  /**
   * Waits for the thread no more: what it was asked and did not answer is answered now. What it did not take, or took and cannot have
   * sent, will never be done, also when it turns again; of the rest nobody knows.
   */
  abandon(): void {
    const sent = this.#commands.revoke();
    for (const [number, call] of this.#calls) {
      const isUntaken = ((call.batch - sent) | 0) >= 0;
      if (isUntaken) {
        this.#calls.delete(number);
        if (call.buffer !== undefined) this.buffers.release(call.buffer);
      }
      call.fail(isUntaken ? "untaken" : "taken");
    }
    for (const answer of this.#measuring.splice(0)) answer(undefined);
  }

  /** Ends the thread. What runs is lost; peers will notice by silence. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    this.#thread.removeAllListeners("exit");
    await this.#thread.terminate();
  }

  #take(news: ThreadNews): void {
    switch (news.kind) {
      case "event":
        this.#paths.handle(news.event);
        return this.#options.onEvent(news.event);
      case "announced": {
        const call = this.#calls.get(news.call);
        if (call?.buffer === undefined) this.#calls.delete(news.call);
        return call?.done(news.result);
      }
      case "bufferReleased": {
        const buffer = this.#calls.get(news.call)?.buffer;
        this.#calls.delete(news.call);
        if (buffer !== undefined) this.buffers.release(buffer);
        return;
      }
      case "measured":
        return this.#measuring.shift()?.(news.measured);
      case "foreign":
        Atomics.sub(this.#words, ThreadWord.foreign, 1);
        return this.#options.onForeign?.(news.packet);
      case "outgoing":
        Atomics.sub(this.#words, ThreadWord.outgoing, 1);
        return this.#options.onOutgoing?.(news.packet);
      case "nicLost":
        return this.#options.onNicLost?.(news.errno);
      case "bound":
      case "notBound":
        throw new TypeError("a thread binds once");
    }
  }

  #watch(): void {
    const nowMs = systemTime.nowUs() / 1000;
    for (const finding of this.#watchdog.check(nowMs, () => this.iterations)) {
      this.#options.onFinding?.(finding);
      if (finding.kind === "hung" && this.#options.onWorkerHang === "abort") process.abort();
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#commands.close();
    clearInterval(this.#interval);
    for (const { buffer } of this.#calls.values()) {
      if (buffer !== undefined) this.buffers.release(buffer);
    }
    this.#calls.clear();
    for (const answer of this.#measuring.splice(0)) answer(undefined);
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.abandon();
    this.#end();
    for (const path of this.#paths.all) {
      this.#options.onEvent({ kind: "pathFailed", path, status: Status.LocalResource });
    }
    this.#options.onLost?.(reason);
  }
}

/** An announcement that the other thread did not answer, or whose buffer it still reads. */
export interface ThreadCall {
  /** The buffer it holds a reference of. */
  readonly buffer: RegisteredBuffer | undefined;
  /** Takes the answer. */
  readonly done: (result: AnnounceResult) => void;
  /** Answers it because the thread is gone; harmless after an answer. */
  readonly fail: (how: "taken" | "untaken") => void;
  /** Number of the batch of commands with which it goes. */
  batch: number;
}
