import type { MapProgram } from "../map/map-program.js";
import type { Hook, Path } from "./hook.js";
import type { Payload } from "./payload.js";

/** Where a path starts: a value and what it was found on. */
export interface PathRoot {
  readonly value: unknown;
  readonly parent: object | undefined;
}

/** The operations that values, stubs and calls need of each other, round in a circle. */
export interface RecursiveOperations {
  /** Makes a stub that takes over `hook`. */
  stubOf(hook: Hook): object;
  /** Makes an RPC promise; it takes over `hook` unless `path` leads to one of its properties. */
  promiseOf(hook: Hook, path: Path): object;
  /** Copies what the application passed. */
  ownBorrowed(payload: Payload): void;
  /** Copies what the application returned; `kept` references are duplicated. */
  ownGiven(payload: Payload, kept: readonly Hook[] | undefined): void;
  /** Frees what the application returned. */
  disposeGiven(payload: Payload): void;
  /** Calls what `path` leads to. */
  callAt(root: PathRoot, path: Path, args: Payload): Hook;
  /** Reads what `path` leads to. */
  getAt(root: PathRoot, path: Path): Hook;
  /** Applies recorded instructions to what `path` leads to. */
  mapAt(root: PathRoot, path: Path, captures: readonly Hook[], program: MapProgram): Hook;
}

let bound: RecursiveOperations | undefined;

/** Closes the circle, once, while the package loads: modules import each other one way only. */
export function bindRecursion(operations: RecursiveOperations): void {
  bound = operations;
}

/** Answers the operations. */
export function recursion(): RecursiveOperations {
  if (bound === undefined) throw new Error("The package has not been loaded as a whole.");
  return bound;
}
