import type { Hook } from "./hook.js";
import type { StubHandle } from "./stub-handle.js";

/** Something that the application dropped without disposing it. */
export interface DroppedReference {
  /** What was dropped. */
  readonly kind: "stub" | "promise";
  /** Where it came from: the lines of a stack, as the host writes them. */
  readonly stack: string | undefined;
}

/** What becomes of stubs and promises that the application drops. */
export interface DropPolicy {
  /** Gives them back to the peer once the garbage collector has found them; on where absent. */
  readonly collect?: boolean | undefined;
  /** Hears of each. With it every stub notes where it was made, which takes time: for debugging. */
  readonly report?: ((dropped: DroppedReference) => void) | undefined;
}

interface Watched {
  readonly hook: Hook;
  readonly dropped: DroppedReference;
  readonly report: ((dropped: DroppedReference) => void) | undefined;
}

let registry: FinalizationRegistry<Watched> | undefined;

function found({ hook, dropped, report }: Watched): void {
  if (hook.disposed) return;
  hook.dispose();
  report?.(dropped);
}

/** Promises that are looked at together. */
const FLUSH_AT = 128;

/**
 * Finds what the application dropped: stubs, and promises of calls that nobody ever asked for. Most
 * promises are asked for in the turn they are made in; only those that are not are worth watching.
 * spec/capnweb.md §8.4
 */
export class DropWatch {
  readonly #report: ((dropped: DroppedReference) => void) | undefined;
  #fresh: StubHandle[] = [];

  /** `report` hears of everything that is found. */
  constructor(report: ((dropped: DroppedReference) => void) | undefined) {
    this.#report = report;
  }

  /** Watches over a stub. */
  stub(handle: StubHandle): void {
    this.#register(handle, "stub");
  }

  /** Watches over the promise of a call, unless it is asked for before the peer is next heard of. */
  promise(handle: StubHandle): void {
    // Where it was made can only be told now.
    if (this.#report !== undefined) this.#register(handle, "promise");
    else if (this.#fresh.push(handle) >= FLUSH_AT) this.flush();
  }

  /** Looks at the promises made since the last time. */
  flush(): void {
    if (this.#fresh.length === 0) return;
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const handle of fresh) {
      if (!handle.kept && !handle.hook.disposed) this.#register(handle, "promise");
    }
  }

  #register(handle: StubHandle, kind: "stub" | "promise"): void {
    registry ??= new FinalizationRegistry(found);
    const stack = this.#report === undefined ? undefined : new Error(`a ${kind} was dropped`).stack;
    const watched = { hook: handle.hook, dropped: { kind, stack }, report: this.#report };
    handle.watched = true;
    registry.register(handle, watched, handle);
  }
}

/** Makes the watch that `policy` asks for; `undefined` where there is none, or the host cannot. */
export function dropWatch({ collect = true, report }: DropPolicy = {}): DropWatch | undefined {
  return collect && typeof FinalizationRegistry === "function" ? new DropWatch(report) : undefined;
}

/** Notes that what `handle` stands on has another owner now, or is waited for. */
export function keepHandle(handle: StubHandle): void {
  handle.kept = true;
  if (handle.watched) registry?.unregister(handle);
  handle.watched = false;
}
