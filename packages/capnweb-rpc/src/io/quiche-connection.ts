import type { QuicConnection, QuicStream } from "../http3/quic-connection.js";
import type { HostPort, QuicheConnection } from "./quiche.js";
import { QuicheStream } from "./quic-stream.js";

/** Puts one datagram on the network. */
export type SendDatagram = (bytes: Uint8Array, to: HostPort) => void;

const MAX_DATAGRAM_BYTES = 1500;

/**
 * Drives one connection of the library: datagrams in, datagrams out, one timer.
 *
 * ```
 * handshake ── established ──▶ open ── close of either end, or silence ──▶ closed
 * ```
 */
export class QuicheDriver implements QuicConnection {
  readonly quiche: QuicheConnection;
  /** Resolves once the handshake is done; rejects when the connection ends before. */
  readonly established: Promise<void>;
  readonly closed: Promise<Error>;
  readonly #send: SendDatagram;
  readonly #streams = new Map<number, QuicheStream>();
  readonly #seen = new Set<number>();
  readonly #datagram = new Uint8Array(MAX_DATAGRAM_BYTES);
  readonly #role: "client" | "server";
  #opened = { bidirectional: 0, unidirectional: 0 };
  #take: ((stream: QuicStream) => void) | undefined;
  #early: QuicheStream[] = [];
  #timer: NodeJS.Timeout | undefined;
  #settleEstablished: () => void = () => undefined;
  #settleClosed: (reason: Error) => void = () => undefined;
  #over = false;

  /** The first {@link QuicheDriver.flush} begins the handshake of a client. */
  constructor(quiche: QuicheConnection, role: "client" | "server", send: SendDatagram) {
    this.quiche = quiche;
    this.#role = role;
    this.#send = send;
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.established = Promise.race([
      new Promise<void>((resolve) => {
        this.#settleEstablished = resolve;
      }),
      this.closed.then((reason) => {
        throw reason;
      }),
    ]);
    this.established.catch(() => undefined);
  }

  /** Takes a datagram from the network; the library writes to its memory. */
  receive(bytes: Uint8Array, from: HostPort, to: HostPort): void {
    if (this.#over) return;
    try {
      this.quiche.recv(bytes, { from, to });
    } catch {
      // What does not decrypt or parse is dropped; what ends the connection shows below.
    }
    this.#advance();
  }

  openStream(kind: "bidirectional" | "unidirectional"): QuicStream | undefined {
    const both = kind === "bidirectional";
    const left = both ? this.quiche.peerStreamsLeftBidi() : this.quiche.peerStreamsLeftUni();
    if (this.#over || left < 1) return undefined;
    // RFC 9000 §2.1: the low bits say who opened it, and whether it has one direction.
    const id = this.#opened[kind]++ * 4 + (this.#role === "server" ? 1 : 0) + (both ? 0 : 2);
    return this.#add(id, both ? "both" : "writing");
  }

  onStream(take: (stream: QuicStream) => void): void {
    this.#take = take;
    for (const stream of this.#early.splice(0)) take(stream);
  }

  close(code: number, reason: string): void {
    if (this.#over) return;
    try {
      this.quiche.close(true, code, new TextEncoder().encode(reason));
    } catch {
      // It is closing already.
    }
    this.flush();
  }

  /** Forgets the connection without another word. */
  destroy(): void {
    if (this.#over) return;
    clearTimeout(this.#timer);
    this.#end();
  }

  /** Sends everything that is ready, and sets the timer anew. */
  flush(): void {
    if (this.#over) return;
    const alive = this.#sendAll();
    clearTimeout(this.#timer);
    if (!alive || this.quiche.isClosed()) {
      this.#end();
      return;
    }
    const ms = this.quiche.timeout();
    if (ms === null) return;
    this.#timer = setTimeout(() => {
      this.quiche.onTimeout();
      this.#advance();
    }, Math.ceil(ms));
  }

  /** Answers whether the connection can go on: the library throws when it cannot. */
  #sendAll(): boolean {
    try {
      for (;;) {
        const sent = this.quiche.send(this.#datagram);
        if (sent === null) return true;
        const [bytes, { to }] = sent;
        this.#send(this.#datagram.slice(0, bytes), to);
      }
    } catch {
      return false;
    }
  }

  // Only what arrives, and time, change what streams may do.
  #advance(): void {
    if (this.quiche.isEstablished()) {
      this.#settleEstablished();
      this.#wake();
    }
    this.flush();
  }

  #wake(): void {
    for (const id of this.quiche.readable())
      (this.#streams.get(id) ?? this.#incoming(id))?.wakeReader();
    for (const id of this.quiche.writable()) this.#streams.get(id)?.wakeWriter();
  }

  #incoming(id: number): QuicheStream | undefined {
    const ours = (id & 1) === (this.#role === "server" ? 1 : 0);
    if (ours || this.#seen.has(id)) return undefined;
    this.#seen.add(id);
    const stream = this.#add(id, (id & 2) === 0 ? "both" : "reading");
    if (this.#take === undefined) this.#early.push(stream);
    else this.#take(stream);
    return stream;
  }

  #add(id: number, which: "both" | "reading" | "writing"): QuicheStream {
    const ended = (): void => void this.#streams.delete(id);
    const stream = new QuicheStream(id, this, { which, ended });
    this.#streams.set(id, stream);
    return stream;
  }

  #end(): void {
    this.#over = true;
    const reason = new Error(this.#reason());
    for (const stream of this.#streams.values()) stream.fail(reason);
    this.#streams.clear();
    this.#settleClosed(reason);
  }

  #reason(): string {
    if (this.quiche.isTimedOut()) return "The QUIC connection timed out.";
    const [who, error] =
      this.quiche.peerError() === null
        ? (["This end", this.quiche.localError()] as const)
        : (["The peer", this.quiche.peerError()] as const);
    if (error === null) return "The QUIC connection ended.";
    const text = new TextDecoder().decode(error.reason);
    return `${who} closed the QUIC connection: code ${error.errorCode}${text === "" ? "" : `, ${text}`}`;
  }
}
