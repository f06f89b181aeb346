import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { ConnectionOptions, TlsOptions } from "node:tls";
import { isWireError } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import { LEAF_BYTES } from "../hde/content-id.js";
import type { DeltaAlgorithm } from "../hde/delta-algorithm.js";
import { resolveDwcpLimits } from "../limits.js";
import type { SessionSecurity } from "../session/security.js";
import { DEFAULT_TUNING, type SessionTuning } from "../session/session-options.js";
import type { OfferMessage } from "../wire/transfer-messages.js";
import { DwcpListener } from "./net/dwcp-listener.js";
import type { NodeContext } from "./net/node-context.js";
import { type LinkOptions, type PeerAddress, PeerLink } from "./net/peer-link.js";
import type { CongestionControl } from "./net/tune-socket.js";
import type { SessionOwner } from "./net/session-host.js";
import { nodeHdePlatform } from "./node-hde-platform.js";
import { LoadGauge } from "./load-gauge.js";
import { ObjectStore, type StoredObject } from "./store/object-store.js";
import { hashLeaves } from "./transfer/leaf-hasher.js";
import { Inbox } from "./transfer/inbox.js";
import type { SendBaseline } from "./transfer/extent-encoder.js";
import { largestEncoded, SendJob, type SendResult } from "./transfer/send-job.js";
import { openSendSource, type SendSource } from "./transfer/send-source.js";
import { HdePool } from "./workers/hde-pool.js";

/** What a node is made of. Names and defaults are those of spec/dwcp.md B16. */
export interface DwcpNodeOptions {
  readonly nodeId: string;
  /** Must be chosen; `none` is refused on addresses that others can reach. */
  readonly security: SessionSecurity;
  /** Where peers connect to; without it the node only sends. */
  readonly listen?: PeerAddress & { readonly tls?: TlsOptions };
  /** Folder of received objects; without it the node only sends. */
  readonly store?: string;
  /** TLS towards peers. */
  readonly tls?: ConnectionOptions;
  readonly streams?: Partial<
    Pick<
      LinkOptions,
      "minStreams" | "maxStreams" | "initialStreams" | "autoStreams" | "streamScalingFactor"
    >
  >;
  readonly tuning?: Partial<SessionTuning>;
  /** What the kernel is asked for, where there is a native backend; `bbr` when absent. */
  readonly congestionControl?: CongestionControl;
  readonly connectTimeoutMs?: number;
  readonly sessionTtlMs?: number;
  /** Threads that encode and decode; one less than there are cores when absent: `compression.workers`. */
  readonly workers?: number;
  /** Share of the machine above which levels go down: `compression.cpuCeiling`. */
  readonly cpuCeiling?: number;
  /** Hears of every object that arrived whole, before its sender does; a rejection fails the transfer. */
  readonly received?: (object: StoredObject) => void | Promise<void>;
  /** Takes connections of peers that speak something else. */
  readonly foreign?: (socket: Socket, bytes: Uint8Array) => void;
}

/** An object that is to be sent. */
export interface SendRequest {
  /** What the object is called, at both sides. */
  readonly key: string;
  /** Rises with every state of the object. */
  readonly generation?: number;
  /** A path, or bytes that nobody changes meanwhile. */
  readonly from: string | Uint8Array;
  /** Earlier states that the peer may have, the best first: paths or bytes. */
  readonly baselines?: readonly (string | Uint8Array)[];
  /** 0 stores, 1 to 9 compress; 3 when absent. */
  readonly level?: number;
  /** Whether the level follows CPU and link from there on; it does unless `level` is given. */
  readonly adaptive?: boolean;
  readonly algorithm?: DeltaAlgorithm;
  /** Share against other transfers. */
  readonly priority?: number;
  /** 16 bytes in hexadecimal: the same again goes on where an earlier attempt ended. */
  readonly transferId?: string;
  readonly signal?: AbortSignal;
  /** Hears how many raw bytes are known to have arrived. */
  readonly progress?: (arrivedBytes: number, rawBytes: number) => void;
}

const STREAMS = {
  minStreams: 16,
  maxStreams: 256,
  initialStreams: 32,
  autoStreams: true,
  streamScalingFactor: 1.5,
};
const CONNECT_TIMEOUT_MS = 30_000;
const SESSION_TTL_MS = 120_000;
const PAGE_BYTES = 4_096;
const DEFAULT_LEVEL = 3;
const CPU_CEILING = 0.8;

/** A running node: it sends objects to peers, and takes theirs. */
export interface DwcpNode {
  /** Where it listens. */
  readonly address: PeerAddress | undefined;
  /** The objects that it received. */
  readonly store: ObjectStore | undefined;
  /**
   * Sends an object and waits until it is verified, synced and published at the peer.
   *
   * @throws {@link DwcpError} with the reason; `retryable` says whether the same transfer may go on later.
   */
  send(peer: PeerAddress, request: SendRequest): Promise<SendResult>;
  /** Ends everything; transfers can go on later. */
  close(): Promise<void>;
}

/**
 * Starts a node.
 *
 * @throws {@link DwcpError} `dwcp.invalid_config`.
 */
export async function startDwcpNode(options: DwcpNodeOptions): Promise<DwcpNode> {
  const streams = { ...STREAMS, ...options.streams };
  const platform = await nodeHdePlatform();
  const context: NodeContext = {
    nodeId: options.nodeId,
    security: options.security,
    tuning: { ...DEFAULT_TUNING, ...options.tuning },
    limits: resolveDwcpLimits(),
    platform,
    maxStreams: streams.maxStreams,
    sessionTtlMs: options.sessionTtlMs ?? SESSION_TTL_MS,
    congestionControl: options.congestionControl ?? "bbr",
  };
  const store = options.store === undefined ? undefined : new ObjectStore(options.store, platform);
  const received = options.received ?? (() => undefined);
  const pool = new HdePool(options.workers);
  const inbox = new Inbox({ platform, pool, store, dictionary: () => undefined, received });
  const take: SessionOwner["take"] = (host, offer) => inbox.take(host, offer);
  const listener = await openListener(context, options, take);
  return new RunningNode(context, streams, options, { store, listener, take, pool });
}

interface Parts {
  readonly store: ObjectStore | undefined;
  readonly listener: DwcpListener | undefined;
  readonly take: SessionOwner["take"];
  readonly pool: HdePool;
}

class RunningNode implements DwcpNode {
  readonly store: ObjectStore | undefined;
  readonly #context: NodeContext;
  readonly #streams: typeof STREAMS;
  readonly #options: DwcpNodeOptions;
  readonly #listener: DwcpListener | undefined;
  readonly #take: SessionOwner["take"];
  readonly #pool: HdePool;
  readonly #load = new LoadGauge();
  readonly #links = new Map<string, PeerLink>();

  constructor(
    context: NodeContext,
    streams: typeof STREAMS,
    options: DwcpNodeOptions,
    parts: Parts,
  ) {
    this.#context = context;
    this.#streams = streams;
    this.#options = options;
    this.store = parts.store;
    this.#listener = parts.listener;
    this.#take = parts.take;
    this.#pool = parts.pool;
  }

  get address(): PeerAddress | undefined {
    return this.#listener?.address;
  }

  async send(peer: PeerAddress, request: SendRequest): Promise<SendResult> {
    request.signal?.throwIfAborted();
    this.#pool.warm();
    const opened: SendSource[] = [];
    try {
      const object = openSendSource(request.from);
      opened.push(object);
      const baselines = await this.#openBaselines(request, opened);
      return await this.#run(peer, request, object, baselines);
    } finally {
      for (const each of opened) each.close();
    }
  }

  async close(): Promise<void> {
    for (const link of this.#links.values()) link.close();
    await this.#listener?.close();
    this.#load.close();
    await this.#pool.close();
  }

  #run(
    peer: PeerAddress,
    request: SendRequest,
    object: SendSource,
    baselines: readonly SendBaseline[],
  ): Promise<SendResult> {
    const { platform, limits, tuning } = this.#context;
    const link = this.#link(peer);
    return new Promise((resolve, reject) => {
      const { signal, progress } = request;
      const job: SendJob = new SendJob({
        offer: offerOf(request, object, baselines),
        object,
        baselines,
        platform,
        pool: this.#pool,
        load: this.#load,
        adaptive: request.adaptive ?? request.level === undefined,
        cpuCeiling: this.#options.cpuCeiling ?? CPU_CEILING,
        settings: {
          platform,
          level: request.level ?? DEFAULT_LEVEL,
          pageBytes: PAGE_BYTES,
          chunkBytes: tuning.chunkBytes,
          maxUnitRawBytes: limits.maxUnitRawBytes,
          maxEncodedBytes: largestEncoded(limits.maxFrameBytes),
          ...(request.algorithm === undefined ? {} : { algorithm: request.algorithm }),
        },
        failed: (error) => {
          if (link.session === undefined) job.fail(error);
          else link.session.outgoing.fail(job.transfer, error);
          link.stir();
        },
        stirred: () => link.stir(),
        progress: (arrived) => progress?.(arrived, object.source.length),
        settled: (result) => {
          signal?.removeEventListener("abort", abort);
          link.forget(job);
          if (isWireError(result)) reject(result);
          else resolve(result);
        },
      });
      const abort = () => {
        link.session?.outgoing.steer(job.transfer, { kind: "CANCEL", reason: "aborted" });
        link.stir();
        job.fail(new DwcpError("dwcp.cancelled", "the transfer was aborted"));
      };
      signal?.addEventListener("abort", abort, { once: true });
      link.send(job);
    });
  }

  async #openBaselines(request: SendRequest, opened: SendSource[]): Promise<SendBaseline[]> {
    const found: SendBaseline[] = [];
    for (const [slot, from] of (request.baselines ?? []).entries()) {
      const source = openSendSource(from);
      opened.push(source);
      const { platform } = this.#context;
      const [{ root }, slots] = await Promise.all([
        hashLeaves(source.source, LEAF_BYTES, platform, request.signal),
        this.#pool.index(source.spec),
      ]);
      found.push({ ...source, slot, id: root, slots });
    }
    return found;
  }

  #link(peer: PeerAddress): PeerLink {
    const name = `${peer.host} ${peer.port}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      const { connectTimeoutMs = CONNECT_TIMEOUT_MS, tls } = this.#options;
      const giveUpMs = this.#context.sessionTtlMs;
      const options = { ...this.#streams, connectTimeoutMs, giveUpMs };
      link = new PeerLink(peer, this.#context, tls === undefined ? options : { ...options, tls }, {
        take: this.#take,
      });
      this.#links.set(name, link);
    }
    return link;
  }
}

async function openListener(
  context: NodeContext,
  options: DwcpNodeOptions,
  take: SessionOwner["take"],
): Promise<DwcpListener | undefined> {
  const { listen, foreign } = options;
  if (listen === undefined) return undefined;
  const { tls, ...address } = listen;
  const listener = new DwcpListener(
    context,
    {
      listen: address,
      ...(tls === undefined ? {} : { tls }),
      ...(foreign === undefined ? {} : { foreign }),
    },
    { take },
  );
  await listener.open();
  return listener;
}

function offerOf(
  request: SendRequest,
  { source: object }: SendSource,
  baselines: readonly SendBaseline[],
): OfferMessage {
  return {
    kind: "OFFER",
    transferId: request.transferId ?? randomBytes(16).toString("hex"),
    objectKey: request.key,
    generation: request.generation ?? 0,
    rawLength: object.length,
    pageBytes: PAGE_BYTES,
    leafBytes: LEAF_BYTES,
    hash: "sha-256",
    baselines: baselines.map(({ slot, id, source }) => ({ slot, id, length: source.length })),
    dictionaries: [],
    transferKind: "blob",
    priority: request.priority ?? 0,
    metadata: {},
  };
}
