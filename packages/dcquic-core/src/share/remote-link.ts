import { DcquicError } from "../errors.js";
import type { PathId } from "../engine/events.js";
import type { WorkerMeasure } from "../pool/pool-backend.js";
import type { RouterDependency } from "../router/request-router.js";
import { RecentMap } from "../sched/recent-map.js";
import type { Id64 } from "../wire/id64.js";
import type { LaneOutbox } from "./lane.js";
import type { RemoteBuffers } from "./remote-buffers.js";
import type { RemoteStream } from "./remote-stream.js";
import type { ShareCommand, SharedRoute, ShareNews } from "./share-messages.js";
import { errorOfShared } from "./shared-error.js";

interface Asked {
  readonly answer: (news: ShareNews) => void;
  readonly fail: (error: unknown) => void;
}

const WORDS = 2 ** 32;

/** Peers that are remembered: everybody who ever called would be too many. */
export const MAX_PEERS = 65_536;

/** What the parts of an attached pool share: the way to its thread, the numbers of streams, questions that wait for answers. */
export class RemoteLink {
  /** Goes to the pool's thread. */
  readonly outbox: LaneOutbox<ShareCommand>;
  /** Buffers of the pool. */
  readonly buffers: RemoteBuffers;
  readonly #streams = new Map<number, RemoteStream>();
  readonly #asked = new Map<number, Asked>();
  // Set together and bounded alike, so that they forget the same peers.
  readonly #peers = new RecentMap<PathId, string>(MAX_PEERS);
  readonly #paths = new RecentMap<string, PathId>(MAX_PEERS);
  #nextPath = 0;
  #nextStream = -1;
  #nextRequest = 0;
  #isLost = false;

  /** Asks through `outbox`. */
  constructor(outbox: LaneOutbox<ShareCommand>, buffers: RemoteBuffers) {
    this.outbox = outbox;
    this.buffers = buffers;
  }

  /** Makes a stream under a number that no other has. */
  open(make: (number: number) => RemoteStream): RemoteStream {
    do this.#nextStream = (this.#nextStream + 2) % WORDS;
    while (this.#streams.has(this.#nextStream));
    return this.add(make(this.#nextStream));
  }

  /** Notes a stream. */
  add(stream: RemoteStream): RemoteStream {
    this.#streams.set(stream.number, stream);
    return stream;
  }

  /** A stream by its number. */
  get(number: number): RemoteStream | undefined {
    return this.#streams.get(number);
  }

  /** Forgets a stream that is over. */
  forget(stream: RemoteStream): void {
    this.#streams.delete(stream.number);
  }

  /** What stands for the paths to a peer: which there are is the other thread's affair. */
  pathOf(peer: string): PathId {
    let path = this.#paths.get(peer);
    if (path === undefined) {
      path = this.#nextPath as PathId;
      this.#nextPath += 1;
      this.#paths.set(peer, path);
      this.#peers.set(path, peer);
    }
    return path;
  }

  /** The peer that a path stands for, or "" once so many others have come since that it is forgotten. */
  peerOf(path: PathId): string {
    return this.#peers.get(path) ?? "";
  }

  /** Asks for the way to a peer. */
  route(peer: string, dependencies?: readonly RouterDependency[]): Promise<SharedRoute> {
    return this.#ask(
      (request) => ({ kind: "route", request, peer, dependencies }),
      (news) => (news.kind === "routed" ? news.route : undefined),
    );
  }

  /** Asks every worker for its numbers. */
  measure(): Promise<readonly WorkerMeasure[]> {
    return this.#ask(
      (request) => ({ kind: "measure", request }),
      (news) => (news.kind === "measured" ? news.measures : undefined),
    );
  }

  /** Asks when a token is reached, or failed. */
  watch(
    worker: number,
    token: Id64,
    wait: "request" | "response",
    done: (how: "reached" | "failed") => void,
  ): void {
    const command = (request: number): ShareCommand => {
      return { kind: "watch", request, worker, token, wait };
    };
    this.#post(command, {
      answer: (news) => done(news.kind === "watched" ? news.how : "failed"),
      fail: () => done("failed"),
    });
  }

  /** Takes the answer to a question. */
  answered(request: number, news: ShareNews): void {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    if (news.kind === "failed") asked?.fail(errorOfShared(news.error));
    else asked?.answer(news);
  }

  /** The lane is closed: there will be no answers. */
  lost(): void {
    this.#isLost = true;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { fail } of asked) fail(poolGone());
    this.buffers.lost();
  }

  #ask<T>(
    command: (request: number) => ShareCommand,
    read: (news: ShareNews) => T | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (news: ShareNews): void => {
        const value = read(news);
        if (value === undefined) reject(poolGone());
        else resolve(value);
      };
      this.#post(command, { answer, fail: reject });
    });
  }

  #post(command: (request: number) => ShareCommand, asked: Asked): void {
    if (this.#isLost) return asked.fail(poolGone());
    this.#nextRequest += 1;
    this.#asked.set(this.#nextRequest, asked);
    this.outbox.post(command(this.#nextRequest));
  }
}

/** The error of everything that a pool's thread was to do, and is gone. */
export function poolGone(): DcquicError {
  return new DcquicError("dcquic.going_away", "the thread of the pool ended");
}
