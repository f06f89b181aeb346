import type { Outlet } from "./outlet.js";
import type { SessionTap } from "./session-hooks.js";

/** Shows every message to a tap before it leaves. */
export class TappedOutlet implements Outlet {
  readonly #inner: Outlet;
  readonly #tap: SessionTap;

  /** `inner` sends what `tap` has seen. */
  constructor(inner: Outlet, tap: SessionTap) {
    this.#inner = inner;
    this.#tap = tap;
  }

  push(expression: unknown): void {
    this.#inner.push(expression, this.#tap.sending(["push", expression]));
  }

  call(id: number, path: readonly unknown[], args: readonly unknown[]): void {
    this.push(["pipeline", id, path, args]);
  }

  stream(id: number, path: readonly unknown[], args: readonly unknown[]): number {
    this.#tap.sending(["stream", ["pipeline", id, path, args]]);
    return this.#inner.stream(id, path, args);
  }

  pipe(): void {
    this.#tap.sending(["pipe"]);
    this.#inner.pipe();
  }

  pull(id: number): void {
    this.#tap.sending(["pull", id]);
    this.#inner.pull(id);
  }

  release(id: number, count: number): void {
    this.#tap.sending(["release", id, count]);
    this.#inner.release(id, count);
  }

  resolve(id: number, expression: unknown): void {
    this.#tap.sending(["resolve", id, expression]);
    this.#inner.resolve(id, expression);
  }

  reject(id: number, expression: unknown): void {
    this.#tap.sending(["reject", id, expression]);
    this.#inner.reject(id, expression);
  }

  abort(expression: unknown): void {
    this.#tap.sending(["abort", expression]);
    this.#inner.abort(expression);
  }
}
