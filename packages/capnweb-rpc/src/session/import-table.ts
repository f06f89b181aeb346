import { failedHook, Hook } from "../core/hook.js";
import type { Payload } from "../core/payload.js";
import { PendingCapability } from "../core/pending-capability.js";
import type { Acknowledged } from "../streams/stream-sender.js";
import type { Outlet } from "./outlet.js";
import { PeerCapability } from "./peer-capability.js";
import type { SessionCore } from "./session-core.js";

/**
 * What the peer hosts, by id: objects and promises that are referred to here, and calls whose id
 * nothing refers to, chunks of streams and calls sent once. spec/capnweb.md §3
 */
export class ImportTable {
  readonly #session: SessionCore;
  readonly #outlet: Outlet;
  readonly #limit: number;
  readonly #entries: Map<number, PeerCapability>;
  // Most sessions have neither.
  #streamed: Map<number, Acknowledged> | undefined;
  #answeredOnce: Map<number, PendingCapability> | undefined;
  #nextPushed = 1;

  /** Entry 0 is the main object of the session's peer, which may not introduce more than `limit`. */
  constructor(session: SessionCore, outlet: Outlet, limit: number) {
    this.#session = session;
    this.#outlet = outlet;
    this.#limit = limit;
    this.#entries = new Map([[0, session.remoteMain]]);
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

  /** Takes what a promise became, or a call brought about, and gives its id back. @throws Error for an object. */
  resolve(id: number, resolution: Hook): void {
    const peer = this.#entries.get(id);
    if (peer === undefined) return this.#resolveUnlisted(id, resolution);
    if (!peer.isPromise) {
      resolution.dispose();
      throw new Error(`Import ${id} is not a promise.`);
    }
    this.#entries.delete(id);
    this.#outlet.release(id, peer.introductions);
    peer.settle(resolution);
  }

  /** Takes the failure of a promise or a call. @throws Error for an object. */
  reject(id: number, failure: Payload): void {
    // An error holds no references by right; what a careless peer put there is not kept.
    for (const hook of failure.hooks) hook.dispose();
    const done = this.#takeChunk(id);
    if (done !== undefined) return done({ reason: failure.value });
    this.resolve(id, failedHook(failure.value));
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

  /** A chunk of a stream, a call sent once, or something given back meanwhile. */
  #resolveUnlisted(id: number, resolution: Hook): void {
    const once = this.#answeredOnce?.get(id);
    if (once !== undefined) {
      this.#answeredOnce?.delete(id);
      return once.settle(resolution);
    }
    const done = this.#takeChunk(id);
    resolution.dispose();
    done?.(undefined);
  }

  #takeChunk(id: number): Acknowledged | undefined {
    const done = this.#streamed?.get(id);
    this.#streamed?.delete(id);
    return done;
  }
}
