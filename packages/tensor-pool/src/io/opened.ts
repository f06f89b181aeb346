/** What was opened, and is closed again. */
export interface Closable {
  /** Ends it. */
  close(): void;
}

/** Everything that a service has opened so far; closed last first, since what comes later stands on what came before. */
export class Opened implements Closable {
  readonly #open: Closable[] = [];
  #closed = false;

  /** Takes `each` into care and returns it; what comes after the end is closed at once. */
  keep<C extends Closable>(each: C): C {
    if (this.#closed) each.close();
    else this.#open.push(each);
    return each;
  }

  /** Takes what is opened later into care. @throws what `opening` is rejected with */
  async opening<C extends Closable>(opening: Promise<C>): Promise<C> {
    return this.keep(await opening);
  }

  /** Calls `turn` every `periodMs` milliseconds until the end. */
  every(periodMs: number, turn: () => void): void {
    const timer = setInterval(turn, periodMs);
    this.keep({
      close: () => {
        clearInterval(timer);
      },
    });
  }

  /** Closes everything. Harmless the second time. */
  close(): void {
    this.#closed = true;
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) last.close();
  }
}

/** Runs a start that opens several things: when it fails, nothing of them stays open. @throws what `start` throws */
export async function openAll<T>(start: (opened: Opened) => Promise<T>): Promise<T> {
  const opened = new Opened();
  try {
    return await start(opened);
  } catch (error) {
    opened.close();
    throw error;
  }
}
