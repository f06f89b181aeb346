import type { Clock } from "@proj/wire-types";
import type { Connection, ConnectionStats } from "@proj/xcp-framing";
import { codecName } from "../inspect/names.js";
import type { PeerReport, SessionReport, TrafficReport } from "./reports.js";

interface Entry {
  readonly id: number;
  readonly connection: Connection;
  readonly openedUs: number;
}

type Direction = "sent" | "received";

const nothing: TrafficReport = { frames: 0, bytes: 0, messages: 0, errors: 0 };

/** Knows the open connections of a node by number, and remembers what the ended ones moved. */
export class SessionBook {
  readonly #clock: Clock;
  readonly #open = new Map<number, Entry>();
  readonly #ended: Record<Direction, TrafficReport> = { sent: nothing, received: nothing };
  #lastId = 0;

  /** `clock` tells how old sessions are. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes in a connection whose handshake is done, until it ends. */
  add(connection: Connection): void {
    const id = ++this.#lastId;
    this.#open.set(id, { id, connection, openedUs: this.#clock.nowUs() });
    void connection.closed.then(() => {
      this.#open.delete(id);
      const stats = connection.stats();
      this.#ended.sent = plus(this.#ended.sent, stats.sent);
      this.#ended.received = plus(this.#ended.received, stats.received);
    });
  }

  /** Ids of the open sessions, oldest first. */
  get ids(): readonly number[] {
    return [...this.#open.keys()];
  }

  /** The connection of an id, while it is open. */
  connection(id: number): Connection | undefined {
    return this.#open.get(id)?.connection;
  }

  /** Reports on one session, while it is open. */
  session(id: number): SessionReport | undefined {
    const entry = this.#open.get(id);
    return entry === undefined ? undefined : this.#report(entry);
  }

  /** Reports on every open session, oldest first. */
  sessions(): readonly SessionReport[] {
    return [...this.#open.values()].map((entry) => this.#report(entry));
  }

  /** Reports on the open sessions, those of one program at one address together. */
  peers(): readonly PeerReport[] {
    const peers = new Map<string, PeerReport>();
    for (const entry of this.#open.values()) {
      const session = this.#report(entry);
      const host = hostOf(entry.connection);
      const key = JSON.stringify([session.agent, host]);
      const known = peers.get(key);
      peers.set(key, {
        agent: session.agent,
        host,
        sessions: [...(known?.sessions ?? []), session.id],
        sent: plus(known?.sent ?? nothing, session.sent),
        received: plus(known?.received ?? nothing, session.received),
      });
    }
    return [...peers.values()];
  }

  /** What all sessions moved in one direction, the ended ones included. */
  total(direction: Direction): TrafficReport {
    let sum = this.#ended[direction];
    for (const { connection } of this.#open.values())
      sum = plus(sum, connection.stats()[direction]);
    return sum;
  }

  #report({ id, connection, openedUs }: Entry): SessionReport {
    const { negotiated, info } = connection;
    const stats = connection.stats();
    return {
      id,
      agent: negotiated.peer.agent ?? "",
      address: addressOf(connection),
      transport: info.transport,
      secure: info.secure,
      encrypted: negotiated.crypt,
      sharedMemory: negotiated.sharedMem,
      profile: negotiated.profile,
      resumed: negotiated.resumed,
      codecs: negotiated.codecs.map(codecName),
      ageMs: Math.round((this.#clock.nowUs() - openedUs) / 1000),
      sent: plus(nothing, stats.sent),
      received: plus(nothing, stats.received),
      inflight: stats.inflightReceived,
      queuedBytes: stats.queuedBytes,
    };
  }
}

function addressOf({ info: { peer } }: Connection): string {
  if (peer === undefined) return "";
  if (peer.kind === "inet") return `${peer.host}:${peer.port}`;
  if (peer.kind === "path") return peer.path;
  return peer.kind === "url" ? peer.url : peer.name;
}

function hostOf(connection: Connection): string {
  const { peer } = connection.info;
  return peer?.kind === "inet" ? peer.host : addressOf(connection);
}

function plus(sum: TrafficReport, more: ConnectionStats[Direction] | TrafficReport): TrafficReport {
  return {
    frames: sum.frames + more.frames,
    bytes: sum.bytes + more.bytes,
    messages: sum.messages + more.messages,
    errors: sum.errors + more.errors,
  };
}
