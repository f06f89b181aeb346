import type { RandomSource, Timers } from "@proj/wire-types";
import type { CryptoBackend } from "../crypto/backend.js";
import { Status } from "../engine/status.js";
import type { HandleWatch } from "../pool/buffer-handle.js";
import type { BackendSink, PoolBackend, Route, WorkerMeasure } from "../pool/pool-backend.js";
import type { PoolPort } from "../pool/pool-port.js";
import type { RouterDependency } from "../router/request-router.js";
import type { IncomingStream } from "../stream/incoming-stream.js";
import type { StreamOutcome } from "../stream/stream.js";
import { type Id64, id64 } from "../wire/id64.js";
import { RecentMap } from "../sched/recent-map.js";
import { MAX_PEERS, poolGone, type RemoteLink } from "./remote-link.js";
import { RemoteLayer } from "./remote-layer.js";
import { RemoteIncoming, RemoteStream } from "./remote-stream.js";
import type { OfferedNews, SharedRoute, ShareNews, Welcome } from "./share-messages.js";

/** What a thread that uses another thread's pool has itself. */
export interface RemoteSurroundings {
  /** The time; µs. */
  readonly nowUs: () => number;
  /** Timers on that time. */
  readonly timers: Timers;
  /** What seals records: on this thread. */
  readonly crypto: CryptoBackend;
  /** Where keys come from. */
  readonly random: RandomSource;
  /** Gives back buffers that the application lost; absent where everything has to be repeatable. */
  readonly handleWatch?: HandleWatch | undefined;
}

const LOST: StreamOutcome = {
  status: Status.GoingAway,
  reason: "the thread of the pool ended",
  rootCause: undefined,
};
const MAX_PEER_CHARACTERS = 1024;

/**
 * A pool on another thread, as this one uses it: calls, buffers and acceptors are of this thread, paths and engines of that one.
 *
 * @see spec/dcquic.md §2, D-32
 */
export class RemoteBackend implements PoolBackend {
  /** See {@link PoolBackend}. */
  readonly name: string;
  /** See {@link PoolBackend}. */
  readonly inlineMaxBytes: number;
  /** See {@link PoolBackend}. */
  readonly mainPort: PoolPort;
  /** See {@link PoolBackend}. */
  readonly layers: readonly RemoteLayer[];
  /** See {@link PoolBackend}. */
  readonly handleWatch: HandleWatch | undefined;
  readonly #link: RemoteLink;
  readonly #routes = new RecentMap<string, Route>(MAX_PEERS);
  readonly #asked = new Map<string, Promise<Route>>();
  readonly #sinks = new Set<BackendSink>();
  readonly #closed: () => Promise<void>;
  #taker: ((incoming: IncomingStream, route: Route) => void) | undefined;
  #isLost = false;

  /** Uses the pool that says `welcome`; `closed` resolves once it has seen that this thread is done. */
  constructor(
    link: RemoteLink,
    welcome: Welcome,
    surroundings: RemoteSurroundings,
    closed: () => Promise<void>,
  ) {
    const { name, inlineMaxBytes, recordLog2, workers } = welcome;
    const { crypto, random, timers, nowUs, handleWatch } = surroundings;
    this.name = name;
    this.inlineMaxBytes = inlineMaxBytes;
    this.handleWatch = handleWatch;
    this.#link = link;
    this.#closed = closed;
    this.layers = Array.from({ length: workers }, (_, worker) => new RemoteLayer(link, worker));
    this.mainPort = {
      crypto,
      random,
      timers,
      recordLog2,
      buffers: link.buffers,
      get nowUs() {
        return nowUs();
      },
      placed: ({ hi: stream }: Id64, bytes: number) =>
        link.outbox.post({ kind: "placed", stream, bytes }),
    };
  }

  /** See {@link PoolBackend}. */
  route(peer: string, dependencies?: readonly RouterDependency[]): Route | Promise<Route> {
    if (this.#isLost) return Promise.reject(poolGone());
    const known = this.#known(peer) ?? this.#asked.get(peer);
    if (known !== undefined) return known;
    if (peer.length > MAX_PEER_CHARACTERS) throw new RangeError("no name of a peer");
    const asked = this.#link
      .route(peer, dependencies)
      .then((found) => {
        const route = this.#routeOf(found, peer);
        this.#routes.set(peer, route);
        return route;
      })
      .finally(() => this.#asked.delete(peer));
    this.#asked.set(peer, asked);
    return asked;
  }

  /** See {@link PoolBackend}. */
  serve(taker: ((incoming: IncomingStream, route: Route) => void) | undefined): void {
    this.#taker = taker;
    this.#link.outbox.post({ kind: "serve", isOn: taker !== undefined });
  }

  /** See {@link PoolBackend}. */
  subscribe(sink: BackendSink): () => void {
    this.#sinks.add(sink);
    if (this.#sinks.size === 1) this.#link.outbox.post({ kind: "subscribe", isOn: true });
    return () => {
      if (!this.#sinks.delete(sink) || this.#sinks.size > 0) return;
      this.#link.outbox.post({ kind: "subscribe", isOn: false });
    };
  }

  /** See {@link PoolBackend}. */
  measure(): Promise<readonly WorkerMeasure[]> {
    return this.#link.measure();
  }

  /** See {@link PoolBackend}. */
  async close(): Promise<void> {
    // From the moment when the other thread hears of it their memory may be that of others.
    this.#link.buffers.lost();
    this.#link.outbox.post({ kind: "detach" });
    await this.#closed();
  }

  /** The lane is closed: everything fails from now on. */
  lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    for (const layer of this.layers) layer.lost(LOST);
    this.#link.lost();
  }

  /** Takes what the thread of the pool tells. */
  handle(news: ShareNews): void {
    switch (news.kind) {
      case "routed":
      case "failed":
      case "watched":
      case "measured":
        return this.#link.answered(news.request, news);
      case "allocated":
        return this.#link.buffers.allocated(news.buffer, news.regions);
      case "events":
        for (const event of news.events) for (const sink of this.#sinks) sink.own(event);
        return this.#link.outbox.post({ kind: "heard", events: news.events.length });
      case "offered":
        return this.#offered(news);
      case "attached":
      case "refused":
        return;
      default:
        return this.#handleStream(news);
    }
  }

  // A way whose number stands for nobody any more is asked for again.
  #known(peer: string): Route | undefined {
    const route = this.#routes.get(peer);
    return route !== undefined && this.#link.peerOf(route.path) === peer ? route : undefined;
  }

  #handleStream(news: ShareNews & { readonly stream: number }): void {
    const stream = this.#link.get(news.stream);
    if (stream === undefined) {
      // It ended on this thread meanwhile: nobody will use this.
      if (news.kind === "message" && news.count === undefined) {
        this.#link.outbox.post({ kind: "release", stream: news.stream, message: news.message });
      }
      return;
    }
    switch (news.kind) {
      case "opened":
        stream.id = news.id;
        stream.token = news.token;
        return stream.layer.opened(stream);
      case "headers":
        stream.tellHeaders(news.block, news.isCounted);
        return stream.layer.check(stream);
      case "message":
        return this.#tellMessage(stream, news);
      case "record": {
        const { offset, bytes } = news;
        const transfer = id64(news.stream, 0);
        return stream.placement?.record({ transfer, offset, bytes, inPlace: false });
      }
      case "ended":
        stream.tellEnd(news.count);
        return stream.layer.check(stream);
      case "sent":
        if (stream.outbound.settled(news.bytes, undefined)) stream.handlers.writable();
        return;
      case "stopped":
        stream.outbound.stop();
        return stream.handlers.stopped();
      case "progressed":
        return stream.onProgress?.(news.ackedBytes, news.totalBytes);
      case "closed":
        return this.#closedStream(stream, news.outcome);
      default:
    }
  }

  #tellMessage(stream: RemoteStream, news: ShareNews & { readonly kind: "message" }): void {
    const { message, seq, bytes, count } = news;
    stream.tellMessage(id64(news.stream, message), seq, bytes, count);
    if (count !== undefined) stream.layer.check(stream);
  }

  #closedStream(stream: RemoteStream, outcome: StreamOutcome): void {
    // The next call asks for the way again.
    if (outcome.isUntaken === true) this.#routes.delete(this.#link.peerOf(stream.path));
    stream.layer.closed(stream, outcome);
  }

  #offered(news: OfferedNews): void {
    const route = this.#routeOf(news.route, news.route.peer);
    const layer = this.layers[route.worker];
    if (layer === undefined) return;
    const { path } = route;
    const stream = new RemoteStream(layer, news.stream, path, news.pattern, news.priority);
    stream.id = news.id;
    stream.token = news.token;
    this.#link.add(stream);
    layer.offered(stream);
    const incoming = new RemoteIncoming(layer, stream, news);
    if (this.#taker === undefined) incoming.reject(Status.NoAcceptor);
    else this.#taker(incoming, route);
  }

  #routeOf(shared: SharedRoute, called: string): Route {
    const { peer, identity, worker, credentialId, role } = shared;
    const layer = this.layers[worker];
    if (layer === undefined) throw new RangeError(`there is no worker ${worker}`);
    const path = this.#link.pathOf(called);
    const known = this.#routes.get(called);
    const senders = known?.senders ?? [];
    const port = this.mainPort;
    return { peer, identity, worker, credentialId, role, port, layer, path, senders };
  }
}
