import { recursion } from "./recursion.js";
import type { Hook, PullSink } from "./hook.js";

/** A promise inside a payload, and the place its resolution goes to. */
export interface PlacedPromise {
  readonly hook: Hook;
  readonly parent: object;
  readonly key: string | number;
}

/**
 * Who owns the stubs in a value: `borrowed` values are the application's (arguments of a call it
 * makes), `given` ones were returned by it, `owned` ones are copies whose hooks the payload lists.
 */
export type PayloadOrigin = "borrowed" | "given" | "owned";

// Most values hold no reference: they need no lists of their own.
const none: readonly never[] = [];

/**
 * A value on its way, with the references it holds. Disposing it gives all of them back.
 * spec/capnweb.md §7.4, §8
 */
export class Payload {
  /** The value itself. */
  value: unknown;
  /** The promises inside an owned value that have not been replaced yet. */
  promises: readonly PlacedPromise[] = none;
  /** Who waits for the promises inside, while they are being replaced. */
  waiting: PullSink[] | undefined;
  /** Why one of the promises inside could not be replaced. */
  failure: { readonly reason: unknown } | undefined;
  /** Targets of a given value that have been exported already, in the order they were met. */
  exported: Map<object, Hook[]> | undefined;
  #hooks: Hook[] | undefined;
  #origin: PayloadOrigin;
  #disposed = false;

  /** Wraps `value`, which belongs to whom `origin` says. */
  constructor(value: unknown, origin: PayloadOrigin) {
    this.value = value;
    this.#origin = origin;
  }

  /** Every reference inside an owned value, promises included. */
  get hooks(): readonly Hook[] {
    return this.#hooks ?? none;
  }

  /** Takes over a reference inside the value. */
  keep(hook: Hook): void {
    if (this.#hooks === undefined) this.#hooks = [hook];
    else this.#hooks.push(hook);
  }

  /** Notes a promise inside the value that has to be replaced. */
  place(promise: PlacedPromise): void {
    if (this.promises === none) this.promises = [promise];
    else (this.promises as PlacedPromise[]).push(promise);
  }

  /** Who owns the stubs in the value. */
  get origin(): PayloadOrigin {
    return this.#origin;
  }

  /**
   * Makes the value a copy of its own whose references are listed.
   *
   * @param kept references of others inside a given value: they are duplicated, not taken over
   * @throws TypeError for a value that cannot cross.
   */
  own(kept?: readonly Hook[]): void {
    const origin = this.#origin;
    if (origin === "owned") return;
    this.#origin = "owned";
    if (isPrimitive(this.value)) return;
    try {
      if (origin === "borrowed") recursion().ownBorrowed(this);
      else recursion().ownGiven(this, kept);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Gives back every reference. Doing so twice is harmless. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#origin === "given") recursion().disposeGiven(this);
    if (this.#hooks !== undefined) for (const hook of this.#hooks) hook.dispose();
  }
}

/** Answers with the payload once all the promises in it have been replaced by what they became. */
export function settlePayload(payload: Payload, sink: PullSink): void {
  if (payload.waiting !== undefined) {
    payload.waiting.push(sink);
    return;
  }
  if (payload.failure !== undefined) return sink.rejected(payload.failure.reason);
  if (payload.promises.length === 0) return sink.resolved(payload);
  const waiting = [sink];
  payload.waiting = waiting;
  replacePromises(payload, () => true, {
    resolved: () => {
      payload.waiting = undefined;
      for (const each of waiting) each.resolved(payload);
    },
    rejected: (reason) => {
      payload.waiting = undefined;
      payload.failure = { reason };
      for (const each of waiting) each.rejected(reason);
    },
  });
}

/**
 * Replaces the promises in `payload` that `wanted` names, then answers with the payload. The first
 * failure is the answer instead; the payload stays with the caller either way.
 */
export function replacePromises(
  payload: Payload,
  wanted: (promise: Hook) => boolean,
  sink: PullSink,
): void {
  if (payload.promises.length === 0) return sink.resolved(payload);
  const waiting: PlacedPromise[] = [];
  const staying: PlacedPromise[] = [];
  for (const promise of payload.promises) {
    (wanted(promise.hook) ? waiting : staying).push(promise);
  }
  payload.promises = staying;
  let missing = waiting.length + 1;
  let failed = false;
  const rejected = (reason: unknown): void => {
    if (failed) return;
    failed = true;
    sink.rejected(reason);
  };
  const arrived = (): void => {
    if (--missing === 0 && !failed) sink.resolved(payload);
  };
  for (const { hook, parent, key } of waiting) {
    const replace = (inner: Payload): void => {
      put(parent, key, inner.value);
      for (const promise of inner.promises) {
        // One that is the whole of the inner value moves to the outer place.
        payload.place(promise.parent === inner ? { hook: promise.hook, parent, key } : promise);
      }
      arrived();
    };
    const whole: PullSink = { resolved: replace, rejected };
    hook.pull({
      resolved: (inner) => {
        try {
          inner.own();
        } catch (error) {
          return rejected(error);
        }
        replacePromises(inner, wanted, whole);
      },
      rejected,
    });
  }
  arrived();
}

/** Tells whether `value` crosses, holds no reference, and needs no copy. */
export function isPrimitive(value: unknown): boolean {
  return (
    value === null ||
    (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol")
  );
}

function put(parent: object, key: string | number, value: unknown): void {
  (parent as Record<string | number, unknown>)[key] = value;
}
