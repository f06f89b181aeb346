import { newByteStreamRpcSession } from "@proj/capnweb-rpc";
import {
  type DcquicEvent,
  EventGroup,
  type Incoming,
  PoolMetrics,
  Status,
  type TransportPool,
} from "@proj/dcquic-core";
import { bindBest, type BindOptions, createTransportPool } from "@proj/dcquic-core/node";
import type { ByteStream } from "@proj/wire-types";
import type { Metrics } from "../telemetry/metrics.js";
import type { DcquicConfig } from "./dcquic-config.js";
import { FileReceiver } from "./file-receiver.js";
import { decodePurpose, type Purpose } from "./purpose.js";
import { sharesThread, workerSettings } from "./worker-settings.js";
import { webStreams } from "./web-streams.js";

/** The name of the key that nodes share. */
export const KEY_IDENTITY = "reference-node";

/** What a {@link DcquicService} passes calls on to. */
export interface DcquicServiceOptions {
  readonly config: DcquicConfig;
  /** What every peer must know. */
  readonly key: Uint8Array;
  /** Serves XCP on a stream. */
  readonly serveXcp: (stream: ByteStream) => void;
  /** Makes the gate of the control API for one session; absent where the node has none. */
  readonly controlGate?: (() => unknown) | undefined;
  /** Where the pool and its workers are measured; nowhere if absent. */
  readonly metrics?: Pick<Metrics, "meter" | "beforeReading">;
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

  private constructor(pool: TransportPool, options: DcquicServiceOptions) {
    this.#pool = pool;
    this.#options = options;
    const { receive_folder: folder, durability } = options.config;
    this.#files = folder === undefined ? undefined : new FileReceiver(folder, durability);
    pool.serve({ accept: (incoming) => this.#accept(incoming) });
  }

  /** Listens. @throws WireError `wire.connection_failed` */
  static async start(options: DcquicServiceOptions): Promise<DcquicService> {
    const { config, metrics } = options;
    const { host, port } = config;
    const settings = workerSettings(config);
    const pool = await createTransportPool({
      host,
      port,
      // Workers on cores of their own are bound by the pool, which knows whether there are any.
      ...(sharesThread(settings)
        ? { bind: async (chosen: BindOptions) => (await bindBest(chosen)).driver }
        : {}),
      ...(settings === undefined ? {} : { settings }),
      credentials: { kind: "psk", identity: KEY_IDENTITY, secret: options.key },
      ...(metrics === undefined ? {} : { meter: metrics.meter }),
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
  close(): Promise<void> {
    return this.#pool.close();
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

function refusalOf(purpose: Purpose | undefined, pattern: string): string {
  if (purpose === undefined)
    return "the call does not say what it is for in a way that this node knows";
  const isFile = purpose.for === "range" || purpose.for === "ranges";
  if (isFile) return "this node takes no files: [dcquic] receive_folder is not set";
  return `this node does not serve ${purpose.for} as ${pattern}`;
}
