import type { RpcLimits } from "../limits.js";
import { MapBudget, MapProgram } from "../map/map-program.js";
import { malformed, type ReferenceReader, type Slot } from "../wire/reference-port.js";
import { unknownValue, ValueReader } from "../wire/value-reader.js";
import { type Hook, noPrimitive, type Path } from "./hook.js";
import { Payload } from "./payload.js";
import { collectBlob } from "./collect-blob.js";
import { promiseOf, watchedStub } from "./stub-handle.js";
import { valueHook } from "./value-capability.js";

type Expression = readonly unknown[];

/** Where a reader finds what references mean: the tables of a session, or the scope of a mapper. */
export interface ReferenceScope {
  /** @see ReferenceReader.collections */
  readonly collections?: boolean | undefined;
  /** @see ReferenceReader.errorClasses */
  readonly errorClasses?: ReferenceReader["errorClasses"];
  /**
   * Answers what `id` refers to: no new reference.
   *
   * @throws Error for an id that refers to nothing.
   */
  lookup(id: number): Hook;
  /** Makes a reference to an object or a promise that the sender introduces. */
  introduce(kind: "export" | "promise", id: number): Hook;
  /** Makes the reference that an element of a mapper's captures stands for; `undefined` if malformed. */
  capture(expression: unknown): Hook | undefined;
  /** Takes the readable end of a pipe. */
  takeReadable(id: number): { readonly stream: ReadableStream; readonly hook: Hook };
  /** Makes a stream whose writes go to the sender. */
  openWritable(id: number): { readonly stream: WritableStream; readonly hook: Hook };
}

/** Reads expressions into payloads that list every reference they hold. spec/capnweb.md §6 */
export class PayloadReader implements ReferenceReader {
  readonly #scope: ReferenceScope;
  readonly #values: ValueReader;
  readonly #limits: RpcLimits;
  readonly #sharedBudget: MapBudget | undefined;
  #budget: MapBudget | undefined;
  #payload = new Payload(undefined, "owned");

  /** `scope` says what references mean; without a `budget` every message has one of its own. */
  constructor(limits: RpcLimits, scope: ReferenceScope, budget?: MapBudget) {
    this.#limits = limits;
    this.#scope = scope;
    this.#sharedBudget = budget;
    this.#values = new ValueReader(limits, this);
  }

  /** @see ReferenceReader.collections */
  get collections(): boolean {
    return this.#scope.collections === true;
  }

  /** @see ReferenceReader.errorClasses */
  get errorClasses(): ReferenceReader["errorClasses"] {
    return this.#scope.errorClasses;
  }

  /**
   * Reads one value.
   *
   * @throws TypeError for what is no expression; what was read before it is disposed.
   */
  read(expression: unknown, depth = 0): Payload {
    this.#budget = this.#sharedBudget;
    if (typeof expression !== "object" || expression === null) {
      return new Payload(expression, "owned");
    }
    return this.#collect((payload) => this.#values.read(expression, depth, payload, "value"));
  }

  /** Reads one value as something to be called: a lone promise is itself, not a value around it. */
  readHook(expression: unknown): Hook {
    this.#budget = this.#sharedBudget;
    if (Array.isArray(expression) && (expression[0] === "pipeline" || expression[0] === "remap")) {
      const hook = this.#target(expression, 0);
      if (hook === malformed) throw unknownValue(expression);
      return hook;
    }
    return rootHook(this.read(expression));
  }

  /** @see ReferenceReader.readReference */
  readReference(expression: Expression, depth: number, slot: Slot): unknown {
    const [tag, id] = expression;
    const payload = this.#payload;
    switch (tag) {
      case "export":
      case "promise": {
        if (expression.length !== 2 || !isId(id) || id >= 0) return malformed;
        const hook = this.#scope.introduce(tag, id);
        return place(payload, hook, tag === "promise" ? slot : undefined);
      }
      case "readable":
      case "writable": {
        if (expression.length !== 2 || !isId(id)) return malformed;
        const opened =
          tag === "readable" ? this.#scope.takeReadable(id) : this.#scope.openWritable(id);
        payload.keep(opened.hook);
        return opened.stream;
      }
      default: {
        const hook = this.#target(expression, depth);
        if (hook === malformed) return malformed;
        if (tag === "import") return place(payload, hook, undefined);
        // What is known already needs no replacing.
        const { primitive } = hook;
        if (primitive === noPrimitive) return place(payload, hook, slot);
        hook.dispose();
        return primitive;
      }
    }
  }

  /** @see ReferenceReader.readBlob */
  readBlob(type: string, pipe: Expression, slot: Slot): unknown {
    if (pipe[0] !== "readable" || pipe.length !== 2 || !isId(pipe[1])) return malformed;
    const { stream, hook } = this.#scope.takeReadable(pipe[1]);
    this.#payload.keep(hook);
    return place(this.#payload, collectBlob(type, stream), slot);
  }

  #target(expression: Expression, depth: number): Hook | typeof malformed {
    const [tag, id, path, third, fourth] = expression;
    if (!isId(id)) return malformed;
    if (tag === "remap") return this.#map(id, path, third, fourth, expression.length);
    if (expression.length > 4 || (expression.length > 2 && !isPath(path))) return malformed;
    if (expression.length > 3 && !Array.isArray(third)) return malformed;
    const hook = this.#scope.lookup(id);
    if (expression.length === 2) return hook.dup();
    const way = path as Path;
    if (expression.length === 3) return hook.get(way);
    const args = this.#collect(() => this.#values.readElements(third as Expression, depth + 1));
    return hook.call(way, args);
  }

  #map(
    id: number,
    path: unknown,
    captures: unknown,
    instructions: unknown,
    length: number,
  ): Hook | typeof malformed {
    if (length !== 5 || !isPath(path) || !Array.isArray(captures) || !Array.isArray(instructions)) {
      return malformed;
    }
    const hook = this.#scope.lookup(id);
    const captured: Hook[] = [];
    try {
      for (const capture of captures as Expression) {
        const reference = this.#scope.capture(capture);
        if (reference === undefined) throw unknownValue(capture);
        captured.push(reference);
      }
    } catch (error) {
      for (const reference of captured) reference.dispose();
      throw error;
    }
    this.#budget ??= new MapBudget(this.#limits.maxMapWork);
    return hook.map(
      path,
      captured,
      new MapProgram(instructions as Expression, this.#limits, this.#budget),
    );
  }

  #collect(read: (payload: Payload) => unknown): Payload {
    const outer = this.#payload;
    const payload = new Payload(undefined, "owned");
    this.#payload = payload;
    try {
      payload.value = read(payload);
      return payload;
    } catch (error) {
      payload.dispose();
      throw error;
    } finally {
      this.#payload = outer;
    }
  }
}

/** Makes a reference to a payload: to the promise itself where it is nothing but one. */
export function rootHook(payload: Payload): Hook {
  const [promise] = payload.promises.length === 1 ? payload.promises : [];
  return promise?.parent === payload ? promise.hook : valueHook(payload);
}

function place(payload: Payload, hook: Hook, slot: Slot | undefined): unknown {
  payload.keep(hook);
  if (slot === undefined) return watchedStub(hook);
  payload.place({ hook, parent: slot.parent, key: slot.key });
  return promiseOf(hook);
}

function isId(id: unknown): id is number {
  return Number.isSafeInteger(id);
}

function isPath(path: unknown): path is Path {
  return (
    Array.isArray(path) && path.every((key) => typeof key === "string" || typeof key === "number")
  );
}
