import { RpcTarget, type RpcStub } from "@proj/capnweb-rpc";
import type { Clock, Timer, Timers } from "@proj/wire-types";
import type { NodeHealth, NodeSnapshot } from "./reports.js";
import type { SessionBook } from "./session-book.js";

/** Takes snapshots. The next one waits until what it returns has settled. */
export type SnapshotSink = (snapshot: NodeSnapshot) => unknown;

/** What a watch looks at, and when. */
export interface WatchOptions {
  readonly book: SessionBook;
  readonly state: () => NodeHealth["state"];
  readonly time: Clock & Timers;
  readonly intervalMs: number;
  /** Runs when the watch is over, whoever ended it. */
  readonly ended: (watch: Watch) => void;
}

/**
 * Tells a callback of a peer how the node goes, once per interval and never before the callback is done with
 * the snapshot before: a slow watcher skips moments, it does not make a queue.
 *
 * ```
 * waiting ── interval ──▶ calling ── callback settled ──▶ waiting
 *    └────── stop, dispose, callback failed or gone ────────┴──▶ over
 * ```
 */
export class Watch extends RpcTarget {
  readonly #options: WatchOptions;
  readonly #sink: RpcStub<SnapshotSink>;
  #timer: Timer | undefined;
  #known: ReadonlySet<number>;
  #sequence = 0;
  #skipped = 0;
  #calling = false;
  #over = false;

  /** `sink` becomes the watch's own. The first snapshot goes out at once. */
  constructor(sink: RpcStub<SnapshotSink>, options: WatchOptions) {
    super();
    this.#sink = sink;
    this.#options = options;
    this.#known = new Set();
    sink.onRpcBroken(() => this.stop());
    this.#tick();
  }

  /** Ends the watch: no snapshot begins after this. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#sink[Symbol.dispose]();
    this.#options.ended(this);
  }

  /** Ends the watch when its last stub is given back, which the end of the session does too. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #tick(): void {
    if (this.#over) return;
    const { time, intervalMs } = this.#options;
    this.#timer = time.schedule(intervalMs * 1000, () => this.#tick());
    if (this.#calling) this.#skipped++;
    else void this.#call();
  }

  async #call(): Promise<void> {
    this.#calling = true;
    try {
      const answer = this.#sink(this.#snapshot());
      await answer;
      answer[Symbol.dispose]();
    } catch {
      // Whoever fails to take one snapshot gets no further ones.
      this.stop();
    }
    this.#calling = false;
  }

  #snapshot(): NodeSnapshot {
    const { book, state, time } = this.#options;
    const open = new Set(book.ids);
    const known = this.#known;
    this.#known = open;
    const skipped = this.#skipped;
    this.#skipped = 0;
    return {
      sequence: ++this.#sequence,
      atMs: time.wallMs(),
      state: state(),
      sessions: open.size,
      opened: [...open].filter((id) => !known.has(id)),
      closed: [...known].filter((id) => !open.has(id)),
      sent: book.total("sent"),
      received: book.total("received"),
      skipped,
    };
  }
}
