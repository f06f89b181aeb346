import { failedHook, Hook } from "../core/hook.js";
import { PendingCapability } from "../core/pending-capability.js";
import type { Acknowledged } from "../streams/stream-sender.js";
import { PeerCapability } from "./peer-capability.js";
import type { SessionCore } from "./session-core.js";

/**
 * What the peer hosts, by id: objects and promises that are referred to here, and calls whose id
 * nothing refers to, chunks of streams and calls sent once. spec/capnweb.md §3
 */
export class ImportTable {
  readonly #session: SessionCore;
  readonly #limit: number;
  readonly #entries: Map<number, PeerCapability>;
  // Most sessions have neither.
  #streamed: Map<number, Acknowledged> | undefined;
  #answeredOnce: Map<number, PendingCapability> | undefined;
  #nextPushed = 1;

  /** Entry 0 is `main`; the peer may not introduce more than `limit`. */
  constructor(session: SessionCore, main: PeerCapability, limit: number) {
    this.#session = session;
    this.#limit = limit;
    this.#entries = new Map([[0, main]]);
  }

  /** How many ids are in use. */
  get size(): number {
    return this.#entries.size + (this.#streamed?.size ?? 0) + (this.#answeredOnce?.size ?? 0);
  }

  /** Answers an entry. */
  get(id: number): PeerCapability | undefined {
    return this.#entries.get(id);
  }

  /** Removes an entry: it is given back, or answered. */
  delete(id: number): void {
    this.#entries.delete(id);
  }

  /** Enters what the message that has just been sent brings about: a result, or an object. */
  push(kind: "result" | "object"): PeerCapability {
    const peer = new PeerCapability(this.#session, this.#nextPushed++, kind);
    this.#entries.set(peer.id, peer);
    return peer;
  }

  /** Enters a chunk of a stream that has just been sent; `done` hears what became of it. */
  pushChunk(done: Acknowledged): void {
    this.#streamed ??= new Map();
    this.#streamed.set(this.#nextPushed++, done);
  }

  /** Enters a call that has just been sent once. */
  pushOnce(): Hook {
    const answer = new PendingCapability();
    this.#answeredOnce ??= new Map();
    this.#answeredOnce.set(this.#nextPushed++, answer);
    return new Hook(answer);
  }

  /** Makes a reference to what the peer introduces, for the first time or once more. */
  introduce(kind: "export" | "promise", id: number): Hook {
    const known = this.#entries.get(id);
    if (known === undefined) {
      if (this.#entries.size >= this.#limit) {
        throw new RangeError(`More than ${this.#limit} live imports in one session.`);
      }
      const peer = new PeerCapability(this.#session, id, kind === "promise" ? "promise" : "object");
      this.#entries.set(id, peer);
      return new Hook(peer);
    }
    if (kind === "promise") {
      return failedHook(new Error(`Promise ${id} was introduced twice.`));
    }
    known.introductions++;
    return new Hook(known);
  }

  /** Gives the answer of a chunk to whom it concerns. */
  takeChunk(id: number): Acknowledged | undefined {
    const done = this.#streamed?.get(id);
    this.#streamed?.delete(id);
    return done;
  }

  /** Gives the answer of a call sent once to whom it concerns. */
  takeOnce(id: number): PendingCapability | undefined {
    const answer = this.#answeredOnce?.get(id);
    this.#answeredOnce?.delete(id);
    return answer;
  }

  /** Fails everything with `reason`. */
  fail(reason: unknown): void {
    const entries = [...this.#entries.values()];
    for (const peer of entries) peer.break(reason);
    for (const done of this.#streamed?.values() ?? []) done({ reason });
    this.#streamed = undefined;
    for (const answer of this.#answeredOnce?.values() ?? []) answer.settle(failedHook(reason));
    this.#answeredOnce = undefined;
  }
}
