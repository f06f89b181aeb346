import { DcquicError } from "../errors.js";
import { defer } from "../pool/defer.js";
import { Eventual } from "../pool/eventual.js";
import { type Lane, type LaneEnd, LaneOutbox } from "./lane.js";
import { RemoteBackend, type RemoteSurroundings } from "./remote-backend.js";
import { RemoteBuffers } from "./remote-buffers.js";
import { poolGone, RemoteLink } from "./remote-link.js";
import {
  SHARE_VERSION,
  type ShareCommand,
  type ShareNews,
  type Welcome,
} from "./share-messages.js";
import { errorOfShared } from "./shared-error.js";

// How long a thread that is done waits until the other one has seen so.
const CLOSE_US = 1_000_000;

/** A pool that was attached to, and what it says of itself. */
export interface AttachedPool {
  /** What a `TransportPool` of this thread runs on. */
  readonly backend: RemoteBackend;
  /** What it said. */
  readonly welcome: Welcome;
}

/**
 * This thread's end of a lane to a pool of another thread.
 *
 * ```
 * asking ─welcome─▶ attached ─close, or the end of either thread─▶ closed
 * ```
 */
export class PoolAttachment implements LaneEnd {
  readonly #outbox: LaneOutbox<ShareCommand>;
  readonly #surroundings: RemoteSurroundings;
  readonly #attached = new Eventual<AttachedPool>();
  readonly #closed = new Eventual<void>();
  #backend: RemoteBackend | undefined;

  /** Asks the pool at the other end of `lane`. */
  constructor(lane: Lane<ShareCommand>, surroundings: RemoteSurroundings) {
    this.#surroundings = surroundings;
    this.#outbox = new LaneOutbox(lane, defer);
    this.#outbox.post({ kind: "attach", version: SHARE_VERSION });
  }

  /** The pool. Rejects with `dcquic.bad_descriptor` where there is none, and `dcquic.going_away` where it is gone. */
  get attached(): Promise<AttachedPool> {
    return this.#attached.promise;
  }

  /** Takes a batch of news. */
  receive(batch: unknown): void {
    if (!Array.isArray(batch)) return this.#refuse("what is there is no pool");
    for (const news of batch as readonly ShareNews[]) {
      if (this.#closed.isSettled) return;
      if (this.#backend === undefined) this.#begin(news);
      else if (news.kind === "refused") this.lost();
      else this.#backend.handle(news);
    }
  }

  /** The lane is closed. */
  lost(): void {
    if (this.#closed.isSettled) return;
    this.#closed.resolve();
    this.#outbox.close();
    this.#attached.reject(poolGone());
    this.#backend?.lost();
  }

  /** Waits no longer for a welcome. */
  giveUp(): void {
    if (this.#backend === undefined) this.#refuse("nobody answers");
  }

  #begin(news: ShareNews): void {
    if (isRefusal(news)) {
      this.#attached.reject(errorOfShared(news.error));
      return this.lost();
    }
    const welcome = welcomeOf(news);
    if (welcome === undefined) return this.#refuse("what answers is no pool of this package");
    const buffers = new RemoteBuffers(this.#outbox, welcome.bufferLimitBytes);
    const link = new RemoteLink(this.#outbox, buffers);
    const { timers } = this.#surroundings;
    const closed = (): Promise<void> => {
      timers.schedule(CLOSE_US, () => this.lost());
      return this.#closed.promise;
    };
    const backend = new RemoteBackend(link, welcome, this.#surroundings, closed);
    this.#backend = backend;
    this.#attached.resolve({ backend, welcome });
  }

  #refuse(message: string): void {
    this.#attached.reject(new DcquicError("dcquic.bad_descriptor", message));
    this.lost();
  }
}

function isRefusal(news: unknown): news is ShareNews & { readonly kind: "refused" } {
  return isObject(news) && news["kind"] === "refused" && isObject(news["error"]);
}

function welcomeOf(news: unknown): Welcome | undefined {
  if (!isObject(news) || news["kind"] !== "attached" || !isObject(news["welcome"]))
    return undefined;
  const { version, name, workers, bufferLimitBytes } = news["welcome"];
  const isWhole =
    version === SHARE_VERSION &&
    typeof name === "string" &&
    typeof workers === "number" &&
    typeof bufferLimitBytes === "number";
  return isWhole ? (news["welcome"] as unknown as Welcome) : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
