import { DictionaryBook, type DictionaryInfo } from "../dictionary/dictionary-book.js";
import { resolveDwcpLimits } from "../limits.js";
import { DEFAULT_TUNING } from "../session/session-options.js";
import { type CeilingReading, StreamCeiling } from "../session/stream-ceiling.js";
import { DwcpListener } from "./net/dwcp-listener.js";
import { type NodeContext, nowUs } from "./net/node-context.js";
import type { PeerAddress } from "./net/link-options.js";
import { PayloadPool } from "./net/payload-pool.js";
import { PeerLink } from "./net/peer-link.js";
import type { SessionService } from "./net/session-host.js";
import type { StreamReading } from "./net/stream-reading.js";
import type { TrafficReading } from "./net/traffic-tally.js";
import { nodeHdePlatform } from "./node-hde-platform.js";
import { type MigrationRequest, type MigrationResult, migrate } from "./migration/migrate.js";
import { type CarrierProbe, openCarrier, type RmaReading } from "./rma/open-carrier.js";
import type { DwcpNodeOptions } from "./node-options.js";
import type { DwcpNode } from "./dwcp-node.js";
import { ObjectStore } from "./store/object-store.js";
import { ClassTrainer } from "./transfer/class-trainer.js";
import { Inbox } from "./transfer/inbox.js";
import { type SendRequest } from "./transfer/send-request.js";
import { Outbox } from "./transfer/outbox.js";
import type { SendResult } from "./transfer/send-job-options.js";
import { type KeptStateInfo, SentStates } from "./transfer/sent-states.js";
import { type PeerStates, StoreTalk } from "./transfer/store-talk.js";
import type { UsedDictionary } from "./transfer/unit-decoder.js";
import { type WorkReading, WorkTally } from "./transfer/work-tally.js";
import { HdePool } from "./workers/hde-pool.js";

const STREAMS = {
  minStreams: 16,
  maxStreams: 256,
  initialStreams: 32,
  autoStreams: true,
  streamScalingFactor: 1.5,
};
/** So many sessions have all the streams they may have, where nothing else is said. */
const WHOLE_SESSIONS = 4;
const CPU_CEILING = 0.8;
const CONNECT_TIMEOUT_MS = 30_000;
const SESSION_TTL_MS = 120_000;
/**
 * Starts a node.
 *
 * @throws DwcpError `dwcp.invalid_config`.
 */
export async function startDwcpNode(options: DwcpNodeOptions): Promise<DwcpNode> {
  const streams = { ...STREAMS, ...options.streams };
  const mostStreams = mostOf(options.streams?.maxStreamsTotal, streams);
  const platform = await nodeHdePlatform();
  const probe = options.rma === undefined ? undefined : openCarrier(options.rma);
  const carrier = probe?.kind === "ready" ? probe.carrier : undefined;
  const context: NodeContext = {
    hasRma: carrier !== undefined,
    nodeId: options.nodeId,
    security: options.security,
    tuning: { ...DEFAULT_TUNING, ...options.tuning },
    limits: resolveDwcpLimits(),
    platform,
    payloads: new PayloadPool(),
    maxStreams: streams.maxStreams,
    ceiling: new StreamCeiling(mostStreams),
    sessionTtlMs: options.sessionTtlMs ?? SESSION_TTL_MS,
    congestionControl: options.congestionControl ?? "bbr",
    verification: options.verification ?? "beside",
  };
  const pool = new HdePool(options.workers);
  const book = new DictionaryBook(platform);
  const states =
    options.baselines === undefined
      ? undefined
      : await SentStates.open(options.baselines.folder, platform, pool, options.baselines.limits);
  const holds = (id: string) => store?.holds(id) === true || states?.has(id) === true;
  const talk = new StoreTalk({
    book,
    holds,
    dropped: (peer, ids) => states?.forgetAt(peer, ids),
  });
  const store =
    options.store === undefined
      ? undefined
      : new ObjectStore(options.store, platform, (ids) => talk.drop(ids));
  const received = options.received ?? (() => undefined);
  const dictionary = (id: string) => usedDictionary(book, id);
  const work = new WorkTally();
  const { payloads, verification } = context;
  const inbox = new Inbox({
    platform,
    payloads,
    pool,
    store,
    dictionary,
    received,
    verification,
    work,
  });
  const trainer = new ClassTrainer(pool, book, options.dictionaries ?? {}, () =>
    talk.offerDictionaries(),
  );
  const outbox = new Outbox({
    context,
    pool,
    book,
    states,
    trainer,
    work,
    cpuCeiling: options.cpuCeiling ?? CPU_CEILING,
  });
  const service: SessionService = {
    take: (host, offer) => inbox.take(host, offer),
    opened: (host) => talk.opened(host),
    hear: (host, message) => talk.hear(host, message),
    carrier,
  };
  const listener = await openListener(context, options, service);
  const parts = {
    store,
    listener,
    service,
    pool,
    book,
    trainer,
    inbox,
    outbox,
    talk,
    states,
    work,
    probe,
  };
  return new RunningNode(context, streams, options, parts);
}

function mostOf(total: number | undefined, { maxStreams }: typeof STREAMS): number {
  return total === undefined || total === 0 ? WHOLE_SESSIONS * maxStreams : total;
}

function usedDictionary(book: DictionaryBook, id: string): UsedDictionary | undefined {
  const bytes = book.get(id);
  const release = book.use(id);
  return bytes === undefined || release === undefined ? undefined : { bytes, release };
}

interface Parts {
  readonly store: ObjectStore | undefined;
  readonly listener: DwcpListener | undefined;
  readonly service: SessionService;
  readonly pool: HdePool;
  readonly book: DictionaryBook;
  readonly trainer: ClassTrainer;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly talk: StoreTalk;
  readonly states: SentStates | undefined;
  readonly work: WorkTally;
  readonly probe: CarrierProbe | undefined;
}

class RunningNode implements DwcpNode {
  readonly #context: NodeContext;
  readonly #streamOptions: typeof STREAMS;
  readonly #options: DwcpNodeOptions;
  readonly #parts: Parts;
  readonly #links = new Map<string, PeerLink>();

  constructor(
    context: NodeContext,
    streams: typeof STREAMS,
    options: DwcpNodeOptions,
    parts: Parts,
  ) {
    this.#context = context;
    this.#streamOptions = streams;
    this.#options = options;
    this.#parts = parts;
  }

  get store(): ObjectStore | undefined {
    return this.#parts.store;
  }

  get address(): PeerAddress | undefined {
    return this.#parts.listener?.address;
  }

  get traffic(): readonly TrafficReading[] {
    const { listener } = this.#parts;
    const called = [...this.#links.values()].map(({ traffic }) => traffic);
    return listener === undefined ? called : [...called, listener.traffic];
  }

  get streams(): readonly StreamReading[] {
    const called = [...this.#links.values()].flatMap(({ streams }) => streams);
    return [...called, ...(this.#parts.listener?.streams ?? [])];
  }

  get ceiling(): CeilingReading {
    return this.#context.ceiling.reading;
  }

  limitStreams(total: number): void {
    this.#context.ceiling.change(nowUs(), mostOf(total, this.#streamOptions));
  }

  get rma(): RmaReading | undefined {
    const { probe } = this.#parts;
    if (probe === undefined) return undefined;
    const { kind, reason } = probe;
    if (probe.kind === "missing") return { kind, reason, lentBytes: 0, readBytes: 0 };
    return { kind, reason, ...probe.carrier.traffic };
  }

  get work(): WorkReading {
    return this.#parts.work;
  }

  send(peer: PeerAddress, request: SendRequest): Promise<SendResult> {
    return this.#parts.outbox.send(this.#link(peer), request);
  }

  migrate(peer: PeerAddress, request: MigrationRequest): Promise<MigrationResult> {
    const link = this.#link(peer);
    return migrate(request, {
      send: (order) => this.#parts.outbox.send(link, order),
      say: (message) => link.session?.say(message),
    });
  }

  get baselines(): readonly KeptStateInfo[] {
    return this.#parts.states?.list() ?? [];
  }

  get dictionaries(): readonly DictionaryInfo[] {
    return this.#parts.book.list();
  }

  steer(transferId: string, verb: "pause" | "continue"): boolean {
    return this.#parts.outbox.steer(transferId, verb);
  }

  isPaused(transferId: string): boolean {
    return this.#parts.outbox.isPaused(transferId);
  }

  trainDictionaries(): Promise<readonly string[]> {
    return this.#parts.trainer.trainAll();
  }

  queryBaselines(peer: PeerAddress, ids: readonly string[]): Promise<PeerStates> {
    const { host } = this.#link(peer);
    if (host === undefined) return Promise.resolve({ present: [], missing: ids });
    return this.#parts.talk.query(host, ids);
  }

  pruneBaselines(): readonly string[] {
    const gone = this.#parts.states?.prune() ?? [];
    this.#parts.talk.drop(gone);
    return gone;
  }

  async close(): Promise<void> {
    for (const link of this.#links.values()) link.close();
    await this.#parts.listener?.close();
    this.#parts.outbox.close();
    await this.#parts.inbox.close();
    if (this.#parts.probe?.kind === "ready") this.#parts.probe.carrier.close();
    await this.#parts.pool.close();
  }

  #link(peer: PeerAddress): PeerLink {
    const name = `${peer.host} ${peer.port}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      const { connectTimeoutMs = CONNECT_TIMEOUT_MS, tls } = this.#options;
      const giveUpMs = this.#context.sessionTtlMs;
      const options = { ...this.#streamOptions, connectTimeoutMs, giveUpMs };
      const { service } = this.#parts;
      const whole = tls === undefined ? options : { ...options, tls };
      link = new PeerLink(peer, this.#context, whole, service);
      this.#links.set(name, link);
    }
    return link;
  }
}

async function openListener(
  context: NodeContext,
  options: DwcpNodeOptions,
  service: SessionService,
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
    service,
  );
  await listener.open();
  return listener;
}
