import { sweepShm } from "@proj/ether-codecs/node";
import { type LogRecord, type LogSink, silentTelemetry, type Telemetry } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { type RunningServer, serveXcp } from "@proj/xcp-framing/node";
import { backend } from "@proj/native-io";
import { type Admin, startAdmin } from "./admin.js";
import type { LoadedConfig } from "./config/load.js";
import { ConfigError } from "./config/problem.js";
import type { NodeConfig } from "./config/schema.js";
import { type ControlServer, startControlServer } from "./control/control-server.js";
import { ControlToken, defaultTokenFile, readOrMakeToken } from "./control/control-token.js";
import { ControlGate, type ControlSource } from "./control/node-control.js";
import type { NodeHealth } from "./control/reports.js";
import { SessionBook } from "./control/session-book.js";
import { ListenError } from "./listen-error.js";
import type { LinkToolkit, PoolPlaces } from "./ether-link.js";
import { nodeVersion } from "./node-version.js";
import { DcquicService } from "./dcquic/dcquic-service.js";
import { TraceFile } from "./dcquic/trace-file.js";
import { DwcpService } from "./replicate/dwcp-service.js";
import { eventFields } from "./tensor/event-fields.js";
import { startTensorService, type TensorService } from "./tensor/tensor-service.js";
import { createMetrics, type Metrics } from "./telemetry/metrics.js";
import { createToolkit } from "./toolkit.js";
import { endpointOptions, xcpServerOptions } from "./xcp-endpoints.js";

/** What a node is given besides its configuration. */
export interface NodeOptions {
  /** Takes its log records. */
  readonly log: LogSink;
}

/** A node that serves. */
export interface RunningNode {
  /** Where it listens, with the ports that the system chose. */
  readonly urls: readonly string[];
  /** Where its admin endpoint is, if it has one. */
  readonly admin: string | undefined;
  /** Where its control API is, if it has one. */
  readonly control: string | undefined;
  /** Where it listens for dcQUIC, if it does. */
  readonly dcquic: string | undefined;
  /** Where it listens for replicas, if it does. */
  readonly dwcp: string | undefined;
  /** Where DWCP is managed over HTTP, if it is. */
  readonly management: string | undefined;
  /** Ends in order: takes nothing new, finishes what is under way, lets go of everything. */
  close(): Promise<void>;
}

/**
 * Starts a node: sweeps what a killed one left behind, listens, and reports ready.
 *
 * @throws ListenError when an endpoint cannot listen; nothing stays open then.
 */
export async function startNode(loaded: LoadedConfig, options: NodeOptions): Promise<RunningNode> {
  const node = new Node(loaded, options.log);
  try {
    await node.start();
  } catch (error) {
    await node.close();
    throw error;
  }
  return node;
}

class Node implements RunningNode {
  readonly #loaded: LoadedConfig;
  readonly #metrics: Metrics;
  readonly #telemetry: Telemetry;
  readonly #toolkit: LinkToolkit;
  readonly #servers: RunningServer[] = [];
  readonly #sessions = new SessionBook(systemTime);
  readonly #startedUs = systemTime.nowUs();
  #admin: Admin | undefined;
  #control: ControlServer | undefined;
  #newGate: (() => ControlGate) | undefined;
  readonly #pools: PoolPlaces = {};
  #tensor: TensorService | undefined;
  #dcquic: DcquicService | undefined;
  #dwcp: DwcpService | undefined;
  #state: "starting" | "ready" | "closing" = "starting";

  constructor(loaded: LoadedConfig, log: LogSink) {
    this.#loaded = loaded;
    this.#metrics = createMetrics();
    this.#telemetry = { ...silentTelemetry, log, meter: this.#metrics.meter };
    this.#toolkit = createToolkit({
      sharedMemory: loaded.config.shared_memory.enabled ? "auto" : "off",
      telemetry: this.#telemetry,
      pools: this.#pools,
    });
  }

  get urls(): readonly string[] {
    return this.#servers.flatMap(({ urls }) => urls);
  }

  get admin(): string | undefined {
    return this.#admin?.url;
  }

  get control(): string | undefined {
    return this.#control?.url;
  }

  get dcquic(): string | undefined {
    return this.#dcquic?.url;
  }

  get dwcp(): string | undefined {
    return this.#dwcp?.url;
  }

  get management(): string | undefined {
    return this.#dwcp?.management;
  }

  async start(): Promise<void> {
    const { config } = this.#loaded;
    this.#say("node.starting", {
      name: config.node.name,
      version: nodeVersion(),
      backend: backend.reason,
    });
    this.#sweep();
    if (config.admin.enabled) await this.#startAdmin(config.admin);
    if (config.control.enabled) await this.#startControl(config.control);
    await this.#startTensor();
    const shared = xcpServerOptions({
      loaded: this.#loaded,
      toolkit: this.#toolkit,
      telemetry: this.#telemetry,
      metrics: this.#metrics,
      connected: (connection) => this.#sessions.add(connection),
      refused: (error) => this.#say("node.refused", { code: error.code, error: error.message }),
    });
    for (const [i, endpoint] of config.listen.entries()) {
      const own = endpointOptions(endpoint, this.#loaded.secrets.endpoints[i]);
      const server = serveXcp({ ...shared, ...own });
      this.#servers.push(await this.#listening(`listen[${i}].url`, server));
    }
    await this.#startDcquic();
    await this.#startDwcp();
    for (const url of this.urls) this.#say("node.listening", { url });
    this.#state = "ready";
    this.#say("node.ready", {});
  }

  async close(): Promise<void> {
    if (this.#state === "closing") return;
    this.#state = "closing";
    this.#say("node.closing", {});
    await this.#dcquic?.close();
    await this.#dwcp?.close();
    await Promise.all(this.#servers.map((server) => server.close()));
    this.#pools.inbox?.close();
    await this.#tensor?.close();
    await this.#control?.close();
    await this.#admin?.close();
    this.#say("node.closed", {});
  }

  // A node that was killed could not unlink what it had put into shared memory. spec/xcp.md §16.3
  #sweep(): void {
    const { shm } = this.#toolkit;
    if (shm === undefined) return;
    const { objects, bytes } = sweepShm(shm, systemTime.wallMs());
    if (objects > 0) this.#say("node.shm_swept", { objects, bytes });
  }

  // A failure to listen is told with the field that names the address.
  async #listening<T>(field: string, starting: Promise<T>): Promise<T> {
    try {
      return await starting;
    } catch (error) {
      throw new ListenError(this.#loaded.file, field, error);
    }
  }

  async #startAdmin(admin: NodeConfig["admin"]): Promise<void> {
    const starting = startAdmin(
      {
        metrics: () => this.#metrics.render(),
        metricsType: this.#metrics.contentType,
        notReady: () => (this.#state === "ready" ? undefined : this.#state),
      },
      { host: admin.host, port: admin.port, log: this.#telemetry.log },
    );
    this.#admin = await this.#listening("admin.port", starting);
    this.#say("node.admin", { url: this.#admin.url });
  }

  async #startControl({ host, port }: NodeConfig["control"]): Promise<void> {
    const token = tokenOfNode(this.#loaded);
    const source = this.#controlSource();
    this.#newGate = () => new ControlGate(source, token);
    const starting = startControlServer(source, { host, port, token, log: this.#telemetry.log });
    this.#control = await this.#listening("control.port", starting);
    this.#say("node.control", { url: this.#control.url });
  }

  #controlSource(): ControlSource {
    return {
      book: this.#sessions,
      time: systemTime,
      health: () => this.#health(),
      metrics: () => this.#metrics.snapshot(),
      jobs: () => this.#dwcp?.jobs,
    };
  }

  async #startDcquic(): Promise<void> {
    const { dcquic } = this.#loaded.secrets;
    if (dcquic === undefined) return;
    const starting = DcquicService.start({
      config: this.#loaded.config.dcquic,
      ...dcquic,
      traces: await this.#openTraces(dcquic.traceFile),
      // Its rules are those of every endpoint.
      serveXcp: (stream) => this.#servers[0]?.server.serve(stream),
      controlGate: this.#newGate,
      metrics: this.#metrics,
      told: ({ kind, worker, details }) =>
        this.#say("node.dcquic_worker", { event: kind, worker, ...details }),
      failed: (error) => this.#say("node.dcquic_failed", { error: String(error) }),
    });
    this.#dcquic = await this.#listening("dcquic.port", starting);
    this.#say("node.dcquic", { url: this.#dcquic.url });
  }

  async #openTraces(path: string | undefined): Promise<TraceFile | undefined> {
    if (path === undefined) return undefined;
    const failed = (error: unknown): void =>
      this.#say("node.traces_lost", { error: String(error) });
    const opening = TraceFile.open(path, { serviceName: this.#loaded.config.node.name, failed });
    return this.#listening("dcquic.trace_file", opening);
  }

  async #startDwcp(): Promise<void> {
    const { dwcp } = this.#loaded.secrets;
    if (dwcp === undefined) return;
    const { config } = this.#loaded;
    const starting = DwcpService.start({
      ...dwcp,
      config: config.dwcp,
      received: ({ key, generation, length }) =>
        this.#say("node.replica", { key, generation, bytes: length }),
      unpublished: ({ key, generation }, error) =>
        this.#say("node.replica_failed", { key, generation, error: String(error) }),
      jobChanged: ({ name, site, state, reason = "" }) =>
        this.#say("node.job", { name, site, state, reason }),
      healthChanged: ({ state, reason = "", note = "" }) =>
        this.#say("node.dwcp_health", { state, reason, note }),
    });
    this.#dwcp = await this.#listening("dwcp.port", starting);
    const { url, management = "" } = this.#dwcp;
    this.#say("node.dwcp", { url, management });
  }

  async #startTensor(): Promise<void> {
    const { tensorPool } = this.#loaded.secrets;
    if (tensorPool === undefined) return;
    this.#tensor = await startTensorService({
      config: tensorPool,
      aeronDir: this.#loaded.config.tensor.aeron_dir,
      onEvent: (event) => {
        this.#say("node.tensor", eventFields(event));
        this.#pools.inbox?.follow(event);
      },
    });
    this.#pools.inbox = this.#tensor.inbox();
    const { aeronDir, mediaDriver } = this.#tensor.media;
    this.#say("node.tensor_ready", { aeronDir, mediaDriver });
    void this.#tensor.lost.then((reason) => {
      if (this.#state !== "closing") this.#say("node.tensor_lost", { error: reason.message });
    });
  }

  #health(): NodeHealth {
    return {
      state: this.#state,
      name: this.#loaded.config.node.name,
      version: nodeVersion(),
      runtime: process.version,
      backend: backend.reason,
      pid: process.pid,
      uptimeMs: Math.round((systemTime.nowUs() - this.#startedUs) / 1000),
      listening: this.urls,
      ...(this.admin === undefined ? {} : { admin: this.admin }),
    };
  }

  #say(event: string, fields: LogRecord["fields"]): void {
    this.#telemetry.log.log({ level: "info", event, fields });
  }
}

function tokenOfNode({ config, secrets, file }: LoadedConfig): ControlToken {
  const token = readOrMakeToken({
    file,
    field: "control.token_file",
    path: secrets.controlTokenFile ?? defaultTokenFile(process.env),
    allowOpen: config.security.allow_open_key_files,
  });
  if (typeof token === "string") return new ControlToken(token);
  throw new ConfigError([token]);
}
