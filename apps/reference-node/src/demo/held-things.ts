/** Things that are let go of in the end, the latest first. */
export class HeldThings {
  readonly #closers: (() => Promise<void>)[] = [];
  #over = false;

  /** Takes on one thing; once the end has come it is let go of at once. */
  hold(close: () => Promise<void>): void {
    if (this.#over) void close().catch(() => undefined);
    else this.#closers.push(close);
  }

  /** Lets go of everything. */
  async letGo(): Promise<void> {
    this.#over = true;
    for (const close of this.#closers.splice(0).toReversed()) await close();
  }
}
