import { availableParallelism } from "node:os";
import { isWireError } from "@proj/wire-types";
import { systemRandom } from "@proj/wire-types/system";
import { DEFAULT_DCQUIC_CONFIG } from "../../config/presets.js";
import { type ConfigChoice, resolveDcquicConfig } from "../../config/resolve-dcquic-config.js";
import type { CryptoBackend } from "../../crypto/backend.js";
import { DEFAULT_CONFIG, type EngineConfig } from "../../engine/config.js";
import { TransportPool, type TransportPoolOptions } from "../../pool/transport-pool.js";
import { nodeCrypto } from "../node-crypto.js";
import type { RmaSideOptions } from "../rma/rma-side.js";
import type { HandshakeCredentials } from "../tls-handshake.js";
import { answeredHosts } from "./handshake-addresses.js";
import { HandshakeServer } from "./handshake-server.js";
import { withLoopbackSetting } from "./loopback-setting.js";
import { HelloMaker } from "./hello-maker.js";
import { NetworkBackend } from "./network-backend.js";
import { PathMaker } from "./path-maker.js";
import type { BindDriver } from "./pool-driver.js";
import { type BoundWorker, bindWorkers } from "./worker-binder.js";
import { planAlone, planWorkers } from "./worker-plan.js";

/** How {@link createTransportPool} sets a pool up. */
export interface TransportPoolConfig extends TransportPoolOptions {
  /** IP address to bind. */
  readonly host: string;
  /**
   * Port to bind, for UDP and for handshakes over TCP alike; 0, the default, lets the system choose. Further workers listen
   * on the UDP ports after it.
   */
  readonly port?: number;
  /** Address that peers are told; the bound one if absent, and where that is unspecified the one they see. */
  readonly advertisedHost?: string;
  /** Further addresses of this host, one per NIC, that peers may use while the first does not answer; bind all of them. */
  readonly otherHosts?: readonly string[];
  /** Who this side is, and whom it trusts. */
  readonly credentials: HandshakeCredentials;
  /** Who may make paths among those whom the credentials admit; everybody if absent. */
  readonly authorize?: (identity: string) => boolean;
  /** 32 bytes that survive restarts; random ones if absent: peers then notice a restart only by silence. */
  readonly resetSigner?: Uint8Array;
  /** Keys of §20, over a preset where one is named; other keys here and those of `engine` replace them. */
  readonly settings?: ConfigChoice;
  /** What differs from the engine's defaults. */
  readonly engine?: Partial<EngineConfig>;
  /** Bytes that buffers may take; 256 MiB if absent. */
  readonly bufferBytes?: number;
  /** Plain bytes of a record, a power of two from 2^14 to 2^24; 65,536 if absent. */
  readonly recordBytes?: number;
  /** The cryptography; the best that the driver has if absent. */
  readonly crypto?: CryptoBackend;
  /** Memory access for bulk bytes, for drivers that can; hardware that is here if absent, nothing where `false`. */
  readonly rma?: RmaSideOptions | false;
  /**
   * Binds the sockets of one worker. If absent, workers get threads of their own where cores are reserved for them and the
   * addon is here, and run over `node:dgram` on the application's thread everywhere else.
   */
  readonly bind?: BindDriver;
  /** How long a handshake may take; 5000 ms if absent. */
  readonly handshakeTimeoutMs?: number;
  /** How many handshakes run at a time; 64 if absent. */
  readonly maxHandshakes?: number;
  /** How long a path secret is used, give or take a fifth; a day if absent. */
  readonly rehandshakeMs?: number;
}

const SIGNER_BYTES = 32;
const PORT_ATTEMPTS = 16;
const DEFAULT_TIMEOUT_MS = 5000;
const DEFAULT_HANDSHAKES = 64;
const DAY_MS = 86_400_000;
const US_PER_MS = 1000;
const MIN_RECORD_LOG2 = 14;
const MAX_RECORD_LOG2 = 24;

/**
 * Makes a pool on a UDP port, and answers handshakes on the TCP port of the same number, at the addresses of all of its NICs.
 *
 * @throws WireError `wire.connection_failed` when the ports cannot be bound.
 * @throws RangeError for a configuration that contradicts itself.
 * @see spec/dcquic.md §24
 */
export async function createTransportPool(options: TransportPoolConfig): Promise<TransportPool> {
  const config = withLoopbackSetting(withSettings(options));
  const isChosen = config.port !== undefined && config.port !== 0;
  for (let attempt = 1; ; attempt++) {
    try {
      const backend = await bindBackend(config);
      return TransportPool.on(backend, config);
    } catch (error) {
      // The system's choice for UDP may be taken for TCP: it chooses again.
      if (isChosen || attempt === PORT_ATTEMPTS || !isWireError(error)) throw error;
    }
  }
}

function withSettings(config: TransportPoolConfig): TransportPoolConfig {
  if (config.settings === undefined) return config;
  const settings = resolveDcquicConfig(config.settings, { cores: availableParallelism() });
  return {
    bufferBytes: settings.bufferPoolBytes,
    recordBytes: settings.recordBytes,
    maxHandshakes: settings.maxHandshakes,
    rehandshakeMs: settings.rehandshakeUs / US_PER_MS,
    closeGraceMs: settings.closeGraceUs / US_PER_MS,
    eventsRing: settings.eventsRing,
    ...config,
    settings,
  };
}

async function bindBackend(config: TransportPoolConfig): Promise<NetworkBackend> {
  const { host, port = 0 } = config;
  // A process that was told nothing does not end by itself.
  const settings = { ...DEFAULT_DCQUIC_CONFIG, onWorkerHang: "event" as const, ...config.settings };
  const plan = config.settings === undefined ? planAlone() : planWorkers(settings);
  const recordLog2 = recordLog2Of(config);
  const resetSigner = config.resetSigner ?? systemRandom.fill(new Uint8Array(SIGNER_BYTES));
  let backend: NetworkBackend | undefined;
  const early: ((to: NetworkBackend) => void)[] = [];
  const { bound, release } = await bindWorkers({
    plan,
    shared: {
      host,
      port,
      resetSigner,
      onWorkerHang: settings.onWorkerHang,
      ...(config.engine === undefined ? {} : { config: config.engine }),
      ...(config.crypto === undefined ? {} : { crypto: config.crypto }),
      ...(config.rma === undefined ? {} : { rma: config.rma }),
    },
    bufferBytes: config.bufferBytes ?? DEFAULT_DCQUIC_CONFIG.bufferPoolBytes,
    bind: config.bind,
    onEvent: (worker, event) => {
      if (backend === undefined) early.push((to) => to.handleEvent(worker, event));
      else backend.handleEvent(worker, event);
    },
    onNews: (worker, news) => {
      if (backend === undefined) early.push((to) => to.handle(worker, news));
      else backend.handle(worker, news);
    },
  });
  const crypto = config.crypto ?? bound[0]?.driver.crypto ?? nodeCrypto;
  const maxConcurrent = config.maxHandshakes ?? DEFAULT_HANDSHAKES;
  const hellos = new HelloMaker({ config, bound, recordLog2 });
  const maker = new PathMaker({
    credentials: config.credentials,
    crypto,
    helloTo: (peer, at) => hellos.to(peer === "" ? undefined : backend?.homeFor(peer, at).number),
    resetSigner,
    knows: (credentialId) => backend?.knows(credentialId) === true,
    timeoutMs: config.handshakeTimeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxConcurrent,
  });
  try {
    const [first] = bound;
    const at = {
      hosts: answeredHosts(bound.map(({ driver }) => driver.address)),
      port: first?.driver.address.port ?? port,
      maxConcurrent,
    };
    const server = await HandshakeServer.listen(at, async (socket) => backend?.answer(socket));
    backend = new NetworkBackend({
      bound,
      maker,
      crypto,
      recordLog2,
      queue: { messages: settings.streamQueueMessages, bytes: settings.streamQueueBytes },
      maxStreams: settings.maxTransfersPerPeer,
      pathCapacity: settings.pathCapacity,
      inlineMaxBytes: engineOf(config, bound).inlineMaxBytes,
      authorize: config.authorize ?? (() => true),
      rehandshakeMs: config.rehandshakeMs ?? DAY_MS,
      onWorkerLost: () => hellos.renew(),
      stopListening: () => server.close(),
      onClosed: release,
    });
    for (const tell of early) tell(backend);
    return backend;
  } catch (error) {
    await Promise.all(bound.map(({ driver }) => driver.close()));
    release();
    throw error;
  }
}

function recordLog2Of({ recordBytes = DEFAULT_DCQUIC_CONFIG.recordBytes }: TransportPoolConfig) {
  const log2 = Math.log2(recordBytes);
  if (!Number.isInteger(log2) || log2 < MIN_RECORD_LOG2 || log2 > MAX_RECORD_LOG2) {
    throw new RangeError(`records of ${recordBytes} bytes`);
  }
  return log2;
}

function engineOf(config: TransportPoolConfig, bound: readonly BoundWorker[]): EngineConfig {
  return { ...DEFAULT_CONFIG, ...bound[0]?.plan.engine, ...config.engine };
}
