import { disposableValue } from "../core/await-hook.js";
import {
  Capability,
  failedHook,
  Hook,
  type Path,
  type PullSink,
  type Unregister,
  unregistered,
} from "../core/hook.js";
import { Payload, settlePayload } from "../core/payload.js";
import { PendingCapability } from "../core/pending-capability.js";
import { estimateSize } from "../wire/estimate-size.js";
import type { StreamBudget } from "./stream-budget.js";
import { valueHook } from "../core/value-capability.js";

/**
 * A stream here that the peer writes to: it understands `write(chunk)`, `close()` and
 * `abort(reason?)`, carried out in the order they came. spec/capnweb.md §9.1
 */
export class WritableCapability extends Capability {
  readonly #writer: WritableStreamDefaultWriter;
  readonly #budget: StreamBudget;
  #held = 0;
  #finished = false;
  // It may have to wait for the chunks before it.
  #endCalled = false;
  #blocked: Promise<void> | undefined;

  /** Locks `stream`; what waits in it counts against `budget`. */
  constructor(stream: WritableStream, budget: StreamBudget) {
    super();
    this.#budget = budget;
    this.#writer = stream.getWriter();
    // Whoever writes hears of a failure from the write.
    this.#writer.closed.catch(() => undefined);
  }

  override call(path: Path, args: Payload): Hook {
    const [method] = path;
    if (path.length !== 1 || (method !== "write" && method !== "close" && method !== "abort")) {
      args.dispose();
      return failedHook(new TypeError(`'${path.join(".")}' is not a function.`));
    }
    args.own();
    if (method !== "write") this.#endCalled = true;
    let size = 0;
    try {
      if (method === "write") size = this.#hold((args.value as readonly unknown[])[0]);
    } catch (error) {
      args.dispose();
      this.fail(error);
      return failedHook(error);
    }
    if (this.#blocked === undefined && args.promises.length === 0) {
      return this.#run(method, args, size);
    }
    return this.#runLater(method, args, size);
  }

  override get(path: Path): Hook {
    return failedHook(new TypeError(`A WritableStream has no property '${path.join(".")}'.`));
  }

  override map(_path: Path, captures: readonly Hook[]): Hook {
    for (const capture of captures) capture.dispose();
    return failedHook(new TypeError("A WritableStream cannot be mapped."));
  }

  override pull(sink: PullSink): void {
    sink.rejected(new Error("Tried to resolve a non-promise stub."));
  }

  override onBroken(): Unregister {
    return unregistered;
  }

  override destroy(): void {
    if (this.#endCalled) return;
    this.abandon();
  }

  /** Aborts the stream unless it has been closed: nobody will any more, for `cause` if that is known. spec/capnweb.md §9.1 */
  abandon(cause?: unknown): void {
    const message = "WritableStream RPC stub was disposed without calling close()";
    this.fail(cause === undefined ? new Error(message) : new Error(message, { cause }));
  }

  /** Aborts the stream unless it has been closed, and unlocks it. */
  fail(reason: unknown): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#writer.abort(reason).catch(() => undefined);
    this.#writer.releaseLock();
  }

  #run(method: "write" | "close" | "abort", args: Payload, size: number): Hook {
    const [argument] = args.value as readonly unknown[];
    const pending = new PendingCapability();
    const hook = new Hook(pending);
    this.#perform(method, argument, args).then(
      () => {
        this.#letGo(size);
        pending.settle(valueHook(new Payload(undefined, "owned")));
      },
      (error: unknown) => {
        this.#letGo(size);
        args.dispose();
        pending.settle(failedHook(error));
      },
    );
    return hook;
  }

  #perform(method: "write" | "close" | "abort", argument: unknown, args: Payload): Promise<void> {
    if (method === "write") return this.#writer.write(chunkOf(argument, args));
    if (this.#finished) return Promise.reject(new TypeError("The stream has been closed."));
    this.#finished = true;
    return method === "close" ? this.#writer.close() : this.#writer.abort(argument);
  }

  /** Counts a chunk until it has been taken up. @throws RangeError when it is one too many. */
  #hold(chunk: unknown): number {
    const size = estimateSize(chunk);
    this.#budget.take(size, this.#held);
    this.#held += size;
    return size;
  }

  #letGo(size: number): void {
    this.#held -= size;
    this.#budget.give(size);
  }

  /** A chunk with promises in it holds up what comes after it. */
  #runLater(method: "write" | "close" | "abort", args: Payload, size: number): Hook {
    const pending = new PendingCapability();
    const hook = new Hook(pending);
    const before = this.#blocked ?? Promise.resolve();
    const done = before
      .then(
        () =>
          new Promise<unknown>((resolve, reject) => {
            settlePayload(args, { resolved: resolve, rejected: reject });
          }),
      )
      .then(
        () => pending.settle(this.#run(method, args, size)),
        (error: unknown) => {
          this.#letGo(size);
          args.dispose();
          pending.settle(failedHook(error));
        },
      )
      .then(() => {
        if (this.#blocked === done) this.#blocked = undefined;
      });
    this.#blocked = done;
    return hook;
  }
}

/** A chunk keeps its stubs until its reader disposes it. spec/capnweb.md §8.2 */
function chunkOf(chunk: unknown, args: Payload): unknown {
  if (args.hooks.length === 0) return chunk;
  const payload = new Payload(chunk, "owned");
  for (const hook of args.hooks) payload.keep(hook);
  return disposableValue(payload);
}
