import {
  Capability,
  failedHook,
  Hook,
  type Path,
  type PullSink,
  type Unregister,
  unregistered,
} from "../core/hook.js";
import type { Payload } from "../core/payload.js";
import type { RpcPromiseBase } from "../core/stub.js";
import { handleOf, promiseOf } from "../core/stub-handle.js";
import { DEFAULT_SESSION_LIMITS } from "../limits.js";
import { isStub } from "../stub-mark.js";
import { MapProgram } from "./map-program.js";
import { nativeValues } from "../wire/encoding-level.js";
import type { ReferenceWriter } from "../wire/reference-port.js";
import { ValueWriter } from "../wire/value-writer.js";

/** The input of a mapper, or the result of a call recorded in it: a number and nothing more. */
class Variable extends Capability {
  readonly recorder: MapRecorder;
  readonly index: number;

  constructor(recorder: MapRecorder, index: number) {
    super();
    this.recorder = recorder;
    this.index = index;
  }

  override call(_path: Path, args: Payload): Hook {
    args.dispose();
    return failedHook(placeholderError());
  }

  override get(): Hook {
    return failedHook(placeholderError());
  }

  override map(_path: Path, captures: readonly Hook[]): Hook {
    for (const capture of captures) capture.dispose();
    return failedHook(placeholderError());
  }

  override pull(sink: PullSink): void {
    sink.rejected(placeholderError());
  }

  override onBroken(): Unregister {
    return unregistered;
  }

  override destroy(): void {
    // A number needs no farewell.
  }
}

function placeholderError(): Error {
  return new Error(
    "The input of a mapper function, and what is called on it, cannot be awaited or used outside the mapper.",
  );
}

/**
 * Records what a mapper does instead of doing it. While one is current, every call on any stub goes
 * to it. spec/capnweb.md §10.2
 */
export class MapRecorder implements ReferenceWriter {
  /** The recorder of the mapper that is running. */
  static current: MapRecorder | undefined;

  readonly #outer = MapRecorder.current;
  readonly #captures = new Map<Capability, Hook>();
  readonly #kept: Hook[] = [];
  readonly #instructions: unknown[] = [];
  readonly #writer = new ValueWriter(nativeValues("jsonCompatible"), this, DEFAULT_SESSION_LIMITS);

  /** Records `mapper` and has it applied to what is at `path`. */
  static map(hook: Hook, path: Path, mapper: (input: RpcPromiseBase) => unknown): Hook {
    const recorder = new MapRecorder();
    try {
      recorder.#record(mapper);
      return recorder.#send(hook, path);
    } finally {
      recorder.#forget();
    }
  }

  /** Records a call. Its arguments come first, as its expression is written. */
  call(hook: Hook, path: Path, args: readonly unknown[]): Hook {
    const written = this.#writer.writeElements(args, 1);
    return this.#push(["pipeline", this.#reference(hook), path, written]);
  }

  /** Takes charge of a duplicate made while recording. */
  keep(hook: Hook): void {
    this.#kept.push(hook);
  }

  /** @see ReferenceWriter.writeReference */
  writeReference(value: object): unknown {
    if (!isStub(value)) {
      throw new Error(
        "Can't construct an RpcTarget or RPC callback inside a mapper function. Try creating a " +
          "new RpcStub outside the callback first, then using it inside the callback.",
      );
    }
    const { hook, path } = handleOf(value);
    const index = this.#reference(hook);
    const tag = path === undefined ? "import" : "pipeline";
    return path === undefined || path.length === 0 ? [tag, index] : [tag, index, path];
  }

  /** @see ReferenceWriter.writeReadable */
  writeReadable(): never {
    throw new Error("Can't serialize ReadableStream in this context.");
  }

  /** @see ReferenceWriter.writeWritable */
  writeWritable(): never {
    throw new Error("Can't serialize WritableStream in this context.");
  }

  /** @see ReferenceWriter.writeBlob */
  writeBlob(): never {
    throw new Error("Cannot create pipes without an RPC session.");
  }

  /** @see ReferenceWriter.replaceError */
  replaceError(): undefined {
    return undefined;
  }

  /** @see ReferenceWriter.mark */
  mark(): number {
    return 0;
  }

  /** @see ReferenceWriter.takeBack */
  takeBack(): void {
    // A capture too many does no harm: it is released with the others.
  }

  #record(mapper: (input: RpcPromiseBase) => unknown): void {
    MapRecorder.current = this;
    try {
      const result = mapper(promiseOf(new Hook(new Variable(this, 0))) as RpcPromiseBase);
      if (result instanceof Promise) {
        result.catch(() => undefined);
        throw new Error("RPC map() callbacks cannot be async.");
      }
      this.#instructions.push(this.#writer.write(result, 0));
    } finally {
      MapRecorder.current = this.#outer;
    }
  }

  #send(hook: Hook, path: Path): Hook {
    const outer = this.#outer;
    if (outer === undefined) {
      const captures = [...this.#captures.values()].map((capture) => capture.dup());
      return hook.map(path, captures, new MapProgram(this.#instructions, DEFAULT_SESSION_LIMITS));
    }
    const captures = [...this.#captures.values()].map((capture) => [
      "import",
      outer.#reference(capture),
    ]);
    return outer.#push(["remap", outer.#reference(hook), path, captures, this.#instructions]);
  }

  #push(instruction: unknown[]): Hook {
    this.#instructions.push(instruction);
    return new Hook(new Variable(this, this.#instructions.length));
  }

  /** Answers the number of `hook` in this mapper, capturing what comes from outside. */
  #reference(hook: Hook): number {
    const { capability } = hook;
    if (capability instanceof Variable && capability.recorder === this) return capability.index;
    if (!this.#captures.has(capability)) this.#captures.set(capability, hook.dup());
    return -1 - [...this.#captures.keys()].indexOf(capability);
  }

  #forget(): void {
    for (const hook of this.#kept) hook.dispose();
    for (const capture of this.#captures.values()) capture.dispose();
  }
}
