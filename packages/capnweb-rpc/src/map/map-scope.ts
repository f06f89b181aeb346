import type { Hook } from "../core/hook.js";
import type { MapProgram } from "./map-program.js";
import { Payload } from "../core/payload.js";
import { PayloadReader, type ReferenceScope, rootHook } from "../core/payload-reader.js";

/**
 * What references mean inside a mapper: 0 is the input, n the result of the n-th instruction, −n the
 * n-th capture. spec/capnweb.md §10.3
 */
export class MapScope implements ReferenceScope {
  readonly #captures: readonly Hook[];
  readonly #instructions: readonly unknown[];
  readonly #reader: PayloadReader;
  #variables: Hook[] = [];

  /** The captures stay with the caller. */
  constructor({ instructions, limits, budget }: MapProgram, captures: readonly Hook[]) {
    this.#captures = captures;
    this.#instructions = instructions;
    this.#reader = new PayloadReader(limits, this, budget);
  }

  /** Carries out the instructions for one input and answers the result of the last. */
  apply(input: unknown): Hook {
    const copy = new Payload(input, "borrowed");
    copy.own();
    const variables = [rootHook(copy)];
    this.#variables = variables;
    try {
      for (const instruction of this.#instructions) {
        variables.push(this.#reader.readHook(instruction));
      }
      const result = variables.pop();
      if (result === undefined) throw new Error("Invalid empty mapper function.");
      return result;
    } finally {
      for (const variable of variables) variable.dispose();
    }
  }

  /** @see ReferenceScope.lookup */
  lookup(id: number): Hook {
    const found = id < 0 ? this.#captures[-id - 1] : this.#variables[id];
    if (found === undefined) throw new Error(`no such entry on exports table: ${id}`);
    return found;
  }

  /** @see ReferenceScope.capture */
  capture(expression: unknown): Hook | undefined {
    if (!Array.isArray(expression) || expression.length !== 2) return undefined;
    const [tag, id] = expression as readonly unknown[];
    if (tag !== "import" || typeof id !== "number") return undefined;
    return this.lookup(id).dup();
  }

  /** @see ReferenceScope.introduce */
  introduce(): never {
    throw new Error("A mapper function cannot refer to exports.");
  }

  /** @see ReferenceScope.takeReadable */
  takeReadable(): never {
    throw new Error("A mapper function cannot refer to exports.");
  }

  /** @see ReferenceScope.openWritable */
  openWritable(): never {
    throw new Error("A mapper function cannot refer to exports.");
  }
}
