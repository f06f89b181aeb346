import { type RpcArgument, type RpcStub, RpcTarget } from "@proj/capnweb-rpc";
import type { Timer, Timers } from "@proj/wire-types";

/** Takes snapshots. The next one waits until what it returns has settled. */
export type SnapshotSink<Snapshot> = (snapshot: Snapshot) => unknown;

/** What a watch looks at, and when. */
export interface WatchOptions<Snapshot> {
  /** What there is to tell of this moment, `skipped` having been left out before it; nothing, if there is no news. */
  readonly look: (skipped: number) => Snapshot | undefined;
  readonly time: Timers;
  readonly intervalMs: number;
  /** Runs when the watch is over, whoever ended it. */
  readonly ended: (watch: Watch<Snapshot>) => void;
}

/**
 * Tells a callback of a peer what there is to see, at most once per interval and never before the callback is done with
 * the snapshot before: a slow watcher skips moments, it does not make a queue.
 *
 * ```
 * waiting ── interval, news ──▶ calling ── callback settled ──▶ waiting
 *    └── stop, dispose, callback failed or gone, no look any more ──┴──▶ over
 * ```
 */
export class Watch<Snapshot> extends RpcTarget {
  readonly #options: WatchOptions<Snapshot>;
  readonly #sink: RpcStub<SnapshotSink<Snapshot>>;
  #timer: Timer | undefined;
  #skipped = 0;
  #calling = false;
  #over = false;

  /** `sink` becomes the watch's own. The first snapshot goes out at once. @throws what the first look throws */
  constructor(sink: RpcStub<SnapshotSink<Snapshot>>, options: WatchOptions<Snapshot>) {
    super();
    this.#sink = sink;
    this.#options = options;
    sink.onRpcBroken(() => this.stop());
    try {
      this.#tick();
    } catch (error) {
      this.stop();
      throw error;
    }
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
    const { time, intervalMs, look } = this.#options;
    this.#timer = time.schedule(intervalMs * 1000, () => this.#tickLater());
    if (this.#calling) {
      this.#skipped++;
      return;
    }
    const snapshot = look(this.#skipped);
    if (snapshot === undefined) return;
    this.#skipped = 0;
    void this.#tell(snapshot);
  }

  // What it looks at may be closed before the session is, and nobody catches what a timer throws.
  #tickLater(): void {
    try {
      this.#tick();
    } catch {
      this.stop();
    }
  }

  async #tell(snapshot: Snapshot): Promise<void> {
    this.#calling = true;
    try {
      const answer = this.#sink(snapshot as RpcArgument<Snapshot>);
      await answer;
      answer[Symbol.dispose]();
    } catch {
      // Whoever fails to take one snapshot gets no further ones.
      this.stop();
    }
    this.#calling = false;
  }
}
