import type { RpcStub } from "@proj/capnweb-rpc";
import type { Timers } from "@proj/wire-types";
import { ControlError } from "./control-error.js";
import { type SnapshotSink, Watch, type WatchOptions } from "./watch.js";

/** How often a watch tells. */
export interface WatchTerms {
  /** Milliseconds between snapshots, 50 to 3 600 000; 1000 where absent. */
  readonly intervalMs?: number;
}

/** Watches of one session; each costs a timer. */
const MAX_WATCHES = 16;

/** How often a watch may look. */
export const MIN_INTERVAL_MS = 50;
export const MAX_INTERVAL_MS = 3_600_000;

/** The watches that are open in one control session, whatever they look at. */
export class WatchBook {
  readonly #time: Timers;
  readonly #open = new Set<object>();

  constructor(time: Timers) {
    this.#time = time;
  }

  /** Opens one. @throws ControlError `control.invalid` for a sink or terms that are none, `control.limit` for one too many */
  open<Snapshot>(
    sink: RpcStub<SnapshotSink<Snapshot>>,
    { intervalMs = 1000 }: WatchTerms,
    look: WatchOptions<Snapshot>["look"],
  ): Watch<Snapshot> {
    if (!(intervalMs >= MIN_INTERVAL_MS && intervalMs <= MAX_INTERVAL_MS)) {
      throw new ControlError(
        "control.invalid",
        `intervalMs is ${String(intervalMs)}, not within ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}`,
      );
    }
    if (typeof sink !== "function") {
      throw new ControlError("control.invalid", "the first argument of watch is a function");
    }
    if (this.#open.size >= MAX_WATCHES) {
      throw new ControlError("control.limit", `${MAX_WATCHES} watches are open`);
    }
    const watch = new Watch(sink.dup(), {
      look,
      time: this.#time,
      intervalMs,
      ended: (over) => this.#open.delete(over),
    });
    this.#open.add(watch);
    return watch;
  }
}
