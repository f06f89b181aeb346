import { RpcTarget, type RpcStub } from "@proj/capnweb-rpc";
import type { Clock, Timers } from "@proj/wire-types";
import type { JobService } from "../jobs/job-service.js";
import { ReplicationControl } from "../jobs/replication-control.js";
import { ControlError } from "./control-error.js";
import type { ControlToken } from "./control-token.js";
import { NodeLook } from "./node-look.js";
import type {
  MetricReport,
  NodeHealth,
  NodeSnapshot,
  PeerReport,
  SessionReport,
} from "./reports.js";
import type { SessionBook } from "./session-book.js";
import type { SnapshotSink, Watch } from "./watch.js";
import { WatchBook, type WatchTerms } from "./watch-book.js";

/** What a node lets its control API see. */
export interface ControlSource {
  readonly book: SessionBook;
  readonly time: Clock & Timers;
  health(): NodeHealth;
  metrics(): Promise<readonly MetricReport[]>;
  /** The replication jobs, where the node has DWCP. */
  jobs(): JobService | undefined;
}

/** What everyone reaches: it only knows how to tell who may go on. */
export class ControlGate extends RpcTarget {
  readonly #source: ControlSource;
  readonly #token: ControlToken;
  readonly #admitted: () => void;
  /** Of all that was reached through this gate. */
  readonly #watches: WatchBook;

  /** `admitted` hears of every right token. */
  constructor(source: ControlSource, token: ControlToken, admitted: () => void = () => undefined) {
    super();
    this.#source = source;
    this.#token = token;
    this.#admitted = admitted;
    this.#watches = new WatchBook(source.time);
  }

  /** Answers the control API. @throws ControlError `control.denied` for a wrong token */
  authenticate(token: string): NodeControl {
    if (!this.#token.matches(token)) {
      throw new ControlError("control.denied", "the token is wrong");
    }
    this.#admitted();
    return new NodeControl(this.#source, this.#watches);
  }
}

/** The control API of a node: reports by value, sessions and watches by reference. */
export class NodeControl extends RpcTarget {
  readonly #source: ControlSource;
  readonly #watches: WatchBook;

  /** Sees the node through `source` only. `watches` holds those that are open in its session. */
  constructor(source: ControlSource, watches: WatchBook) {
    super();
    this.#source = source;
    this.#watches = watches;
  }

  /** Answers how the node is. */
  health(): NodeHealth {
    return this.#source.health();
  }

  /** Answers who is connected. */
  peers(): readonly PeerReport[] {
    return this.#source.book.peers();
  }

  /** Answers the open XCP sessions, oldest first. */
  sessions(): readonly SessionReport[] {
    return this.#source.book.sessions();
  }

  /** Answers a session that can be asked and closed. @throws ControlError `control.no_such_session` */
  session(id: number): SessionControl {
    const { book } = this.#source;
    if (book.connection(id) === undefined) throw noSuchSession(id);
    return new SessionControl(book, id);
  }

  /** Answers the newest session of a peer. @throws ControlError `control.no_such_peer` */
  newestSessionOf(agent: string): SessionControl {
    const newest = this.peers()
      .filter((peer) => peer.agent === agent)
      .flatMap(({ sessions }) => sessions)
      .toSorted((a, b) => b - a)[0];
    if (newest === undefined) {
      throw new ControlError("control.no_such_peer", `${agent} is not connected`);
    }
    return this.session(newest);
  }

  /** Answers what steers the replication jobs. @throws ControlError `control.no_replication` where the node has no DWCP */
  replication(): ReplicationControl {
    const jobs = this.#source.jobs();
    if (jobs !== undefined) return new ReplicationControl(jobs, this.#watches, this.#source.time);
    throw new ControlError("control.no_replication", "the node has no [dwcp]");
  }

  /** Answers the metrics, all or those whose name begins with `prefix`. */
  async metrics(prefix = ""): Promise<readonly MetricReport[]> {
    const metrics = await this.#source.metrics();
    return metrics.filter(({ name }) => name.startsWith(prefix));
  }

  /**
   * Tells `sink` how the node goes until the answer is disposed, `sink` fails or the session ends.
   *
   * @throws ControlError `control.invalid` for an interval out of range, `control.limit` for one watch too many
   */
  watch(sink: RpcStub<SnapshotSink<NodeSnapshot>>, terms: WatchTerms = {}): Watch<NodeSnapshot> {
    const view = new NodeLook(this.#source);
    return this.#watches.open(sink, terms, (skipped) => view.look(skipped));
  }
}

/** One XCP session of the node. */
export class SessionControl extends RpcTarget {
  readonly #book: SessionBook;
  readonly #id: number;

  /** `id` is open now. */
  constructor(book: SessionBook, id: number) {
    super();
    this.#book = book;
    this.#id = id;
  }

  /** Answers how the session goes. @throws ControlError `control.no_such_session` once it ended */
  report(): SessionReport {
    const report = this.#book.session(this.#id);
    if (report === undefined) throw noSuchSession(this.#id);
    return report;
  }

  /** Measures a round trip to the peer, in microseconds. @throws ControlError `control.no_such_session` */
  async ping(): Promise<number> {
    return this.#connection().ping();
  }

  /** Ends the session in order: the peer gets GOAWAY, what is under way finishes. */
  async close(): Promise<void> {
    await this.#connection().close();
  }

  #connection(): NonNullable<ReturnType<SessionBook["connection"]>> {
    const connection = this.#book.connection(this.#id);
    if (connection === undefined) throw noSuchSession(this.#id);
    return connection;
  }
}

function noSuchSession(id: number): ControlError {
  return new ControlError("control.no_such_session", `session ${String(id)} is not open`);
}
