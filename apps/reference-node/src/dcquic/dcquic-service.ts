import { newByteStreamRpcSession } from "@proj/capnweb-rpc";
import {
  type DcquicEvent,
  EventGroup,
  type Incoming,
  PoolMetrics,
  Status,
  TraceBook,
  type TransportPool,
} from "@proj/dcquic-core";
import { bindBest, type BindOptions, createTransportPool } from "@proj/dcquic-core/node";
import type { ByteStream } from "@proj/wire-types";
import type { Metrics } from "../telemetry/metrics.js";
import type { DcquicConfig } from "./dcquic-config.js";
import { FileReceiver } from "./file-receiver.js";
import { decodePurpose, type Purpose } from "./purpose.js";
import type { TraceFile } from "./trace-file.js";
import { sharesThread, workerSettings } from "./worker-settings.js";
import { webStreams } from "./web-streams.js";

/** The name of the key that nodes share. */
export const KEY_IDENTITY = "reference-node";

const TRACE_MS = 1000;

/** What a {@link DcquicService} passes calls on to. */
export interface DcquicServiceOptions {
  readonly config: DcquicConfig;
  /** What every peer must know. */
  readonly key: Uint8Array;
  /** Where files go that others transfer; none are taken if absent. */
  readonly receiveFolder?: string | undefined;
  /** Serves XCP on a stream. */
  readonly serveXcp: (stream: ByteStream) => void;
  /** Makes the gate of the control API for one session; absent where the node has none. */
  readonly controlGate?: (() => unknown) | undefined;
  /** Where the pool and its workers are measured; nowhere if absent. */
  readonly metrics?: Pick<Metrics, "meter" | "beforeReading">;
  /** Takes spans of its streams and of their messages, and is closed with it; nothing is traced if absent. */
  readonly traces?: Pick<TraceFile, "take" | "close"> | undefined;
  /** Is told what becomes of its workers, and what was asked for and is not so. */
  readonly told: (event: DcquicEvent) => void;
  /** Is told of a call that failed for a reason of this side. */
  readonly failed: (error: unknown) => void;
}

/** The node's end of dcQUIC: XCP and the control API on streams, files in ranges, and an echo for measurements. */
export class DcquicService {
  readonly #pool: TransportPool;
  readonly #options: DcquicServiceOptions;
  readonly #files: FileReceiver | undefined;
  readonly #endTraces: () => void;

  private constructor(pool: TransportPool, options: DcquicServiceOptions) {
    this.#pool = pool;
    this.#options = options;
    const { config, receiveFolder } = options;
    this.#files =
      receiveFolder === undefined ? undefined : new FileReceiver(receiveFolder, config.durability);
    this.#endTraces = options.traces === undefined ? () => {} : follow(pool, options.traces);
    pool.serve({ accept: (incoming) => this.#accept(incoming) });
  }

  /** Listens. @throws WireError `wire.connection_failed` */
  static async start(options: DcquicServiceOptions): Promise<DcquicService> {
    const { metrics, traces } = options;
    const pool = await openPool(options).catch(async (error: unknown) => {
      await traces?.close();
      throw error;
    });
    if (metrics !== undefined) {
      const measured = new PoolMetrics(metrics.meter);
      metrics.beforeReading(() => measured.update(pool));
    }
    const mask = EventGroup.cores | EventGroup.worker | EventGroup.net | EventGroup.router;
    pool.subscribe({ mask, level: "info", onEvent: (event) => options.told(event) });
    return new DcquicService(pool, options);
  }

  /** Where it listens. */
  get url(): string {
    return `dcquic://${this.#pool.name}`;
  }

  /** Ends what runs, in order as far as it ends soon, and stops listening. */
  async close(): Promise<void> {
    await this.#pool.close();
    this.#endTraces();
    await this.#options.traces?.close();
  }

  async #accept(incoming: Incoming): Promise<void> {
    try {
      await this.#answer(incoming);
    } catch (error) {
      // A caller that gave up is no fault of this side.
      if (!incoming.isOver) this.#options.failed(error);
      throw error;
    }
  }

  async #answer(incoming: Incoming): Promise<void> {
    const purpose = decodePurpose(incoming.meta);
    const { serveXcp, controlGate } = this.#options;
    const wanted = `${purpose?.for} ${incoming.pattern}`;
    if (purpose?.for === "echo" && incoming.pattern === "unary") {
      await incoming.reply((await incoming.request()).bytes);
    } else if (wanted === "xcp bidirectional") serveXcp(incoming.byteStream());
    else if (wanted === "control bidirectional" && controlGate !== undefined) {
      newByteStreamRpcSession(webStreams(incoming.byteStream()), controlGate());
    } else if (this.#files !== undefined && purpose?.for === "ranges") {
      await this.#files.tellRanges(incoming, purpose.file);
    } else if (this.#files !== undefined && purpose?.for === "range") {
      await this.#files.take(incoming, purpose.file);
    } else incoming.reject(Status.NoAcceptor, refusalOf(purpose, incoming.pattern));
  }
}

function openPool({ config, key, metrics }: DcquicServiceOptions): Promise<TransportPool> {
  const { host, port } = config;
  const settings = workerSettings(config);
  return createTransportPool({
    host,
    port,
    // Workers on cores of their own are bound by the pool, which knows whether there are any.
    ...(sharesThread(settings)
      ? { bind: async (chosen: BindOptions) => (await bindBest(chosen)).driver }
      : {}),
    ...(settings === undefined ? {} : { settings }),
    credentials: { kind: "psk", identity: KEY_IDENTITY, secret: key },
    ...(metrics === undefined ? {} : { meter: metrics.meter }),
  });
}

// Follows what the pool does, and hands on what ended once a second, also when nothing happens.
function follow(pool: TransportPool, traces: Pick<TraceFile, "take">): () => void {
  const book = new TraceBook({ export: (spans) => traces.take(spans) });
  const unsubscribe = pool.subscribe(book);
  const timer = setInterval(() => book.flush(), TRACE_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    unsubscribe();
    book.close();
  };
}

function refusalOf(purpose: Purpose | undefined, pattern: string): string {
  if (purpose === undefined)
    return "the call does not say what it is for in a way that this node knows";
  const isFile = purpose.for === "range" || purpose.for === "ranges";
  if (isFile) return "this node takes no files: [dcquic] receive_folder is not set";
  return `this node does not serve ${purpose.for} as ${pattern}`;
}
