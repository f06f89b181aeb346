import { failedHook, type Hook } from "../core/hook.js";
import type { ReferenceScope } from "../core/payload-reader.js";

/**
 * What references mean in a message whose calls are refused: nothing of ours can be reached, while
 * what the peer introduces is taken and given back, so that it does not leak there.
 */
export class RefusingScope implements ReferenceScope {
  readonly #scope: ReferenceScope;
  readonly #reason: unknown;

  /** Calls fail with `reason`; ids are those of `scope`. */
  constructor(scope: ReferenceScope, reason: unknown) {
    this.#scope = scope;
    this.#reason = reason;
  }

  /** @see ReferenceScope.collections */
  get collections(): boolean {
    return this.#scope.collections === true;
  }

  /** @see ReferenceScope.errorClasses */
  get errorClasses(): ReferenceScope["errorClasses"] {
    return this.#scope.errorClasses;
  }

  /** @see ReferenceScope.lookup */
  lookup(id: number): Hook {
    this.#scope.lookup(id);
    return failedHook(this.#reason);
  }

  /** @see ReferenceScope.introduce */
  introduce(kind: "export" | "promise", id: number): Hook {
    return this.#scope.introduce(kind, id);
  }

  /** @see ReferenceScope.capture */
  capture(expression: unknown): Hook | undefined {
    return this.#scope.capture(expression);
  }

  /** @see ReferenceScope.takeReadable */
  takeReadable(id: number): { readonly stream: ReadableStream; readonly hook: Hook } {
    return this.#scope.takeReadable(id);
  }

  /** @see ReferenceScope.openWritable */
  openWritable(id: number): { readonly stream: WritableStream; readonly hook: Hook } {
    return this.#scope.openWritable(id);
  }
}
