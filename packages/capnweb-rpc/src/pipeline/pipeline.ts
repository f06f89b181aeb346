import { Hook } from "../core/hook.js";
import { localHook } from "../core/stub.js";
import { handleOfPromise, stubCore, stubOf } from "../core/stub-handle.js";
import type { RpcStub } from "../types.js";
import { CallLog } from "./call-log.js";
import { type Collected, collectShape, promisesIn } from "./collect-shape.js";
import { CollectedCapability } from "./collected-capability.js";

/** What a pipeline calls: a stub, or what makes one the moment the calls are made. */
export type PipelineSource<T> = RpcStub<T> | (() => RpcStub<T>);

/**
 * Collects calls and makes them together, in the order written, when it is run or when the first
 * of their results is awaited. Results of one call may be targets and arguments of another, at any
 * depth. Only what is awaited, or listed in {@link Pipeline.collect}, is asked for.
 *
 * ```
 * collecting ── run(), collect(), a result awaited ──▶ run ── dispose ──▶ over
 * ```
 *
 * A source that is a function is called when the pipeline runs, so that one HTTP batch takes every
 * call; what it made belongs to the pipeline and ends with it.
 *
 * @see spec/capnweb.md §17.2
 */
export class Pipeline<T> {
  /** Stands for the source: calls on it, and on what they give, are collected. */
  readonly main: RpcStub<T>;
  readonly #log: CallLog;
  readonly #hook: Hook;

  /** Collects calls on `source`. */
  constructor(source: PipelineSource<T>) {
    const log = new CallLog(() => target.settle(hookOf(source)));
    const target: CollectedCapability = new CollectedCapability(log);
    this.#log = log;
    this.#hook = new Hook(target);
    this.main = stubOf(new Hook(target)) as unknown as RpcStub<T>;
  }

  /** Makes the calls collected so far; later ones are made at once. */
  run(): void {
    this.#log.run();
  }

  /**
   * Runs the pipeline, ends it, and answers `shape` with every promise in it replaced by its value.
   * Everything else that the calls gave is freed. The first failure is the answer instead.
   *
   * The value, where it is an object, has a disposer for all that it holds.
   */
  async collect<S>(shape: S): Promise<Collected<S>> {
    const listed = new Set<Hook>();
    for (const promise of promisesIn(shape)) {
      const handle = handleOfPromise(promise);
      if (handle !== undefined && handle.path.length === 0) listed.add(handle.hook);
    }
    try {
      const collected = collectShape(shape);
      this.run();
      return await collected;
    } catch (error) {
      listed.clear();
      throw error;
    } finally {
      this.#end(listed);
    }
  }

  /** Frees everything that the calls gave, and a session that the pipeline made. */
  [Symbol.dispose](): void {
    this.#end(new Set());
  }

  #end(listed: ReadonlySet<Hook>): void {
    this.#log.free(listed);
    this.#hook.dispose();
    (this.main as Disposable)[Symbol.dispose]();
  }
}

/**
 * Makes the calls that `build` writes down in one go, and answers the values of the promises in
 * what it gives back.
 *
 * @see Pipeline.collect
 */
export function pipeline<T, S>(
  source: PipelineSource<T>,
  build: (main: RpcStub<T>) => S,
): Promise<Collected<S>> {
  const scope = new Pipeline<T>(source);
  try {
    return scope.collect(build(scope.main));
  } catch (error) {
    scope[Symbol.dispose]();
    throw error;
  }
}

/** A stub is shared with whoever holds it; what a function makes is taken over. */
function hookOf<T>(source: PipelineSource<T>): Hook {
  if (stubCore(source) !== undefined) return localHook(source);
  const made = (source as () => RpcStub<T>)();
  const hook = localHook(made);
  (made as Disposable)[Symbol.dispose]();
  return hook;
}
