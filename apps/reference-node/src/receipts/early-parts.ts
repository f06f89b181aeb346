import type { Timer, Timers } from "@proj/wire-types";
import { XcpError } from "@proj/xcp-framing";

/** How long a part waits for the one before it: that goes a second time at once, but its sender may wait for a processor. */
const WAIT_US = 5_000_000;

interface Waiting {
  go(): void;
  refuse(reason: string): void;
}

/** The parts of one transfer that came before their turn, each of which waits for it. */
export class EarlyParts {
  readonly #timers: Timers;
  readonly #waiting = new Map<number, Waiting>();

  /** Nothing waits yet. */
  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether `part` waits. */
  has(part: number): boolean {
    return this.#waiting.has(part);
  }

  /**
   * Resolves when it is the turn of `part`, which does not wait yet.
   *
   * @throws XcpError `xcp.app` when what comes before it does not come, or the transfer ends.
   */
  async wait(part: number): Promise<void> {
    let timer: Timer | undefined;
    try {
      await new Promise<void>((go, refused) => {
        const refuse = (reason: string): void => refused(new XcpError("xcp.app", reason));
        this.#waiting.set(part, { go, refuse });
        timer = this.#timers.schedule(WAIT_US, () =>
          refuse(`part ${part} came, and the one before it did not`),
        );
      });
    } finally {
      timer?.cancel();
      this.#waiting.delete(part);
    }
  }

  /** Tells `part` that it is its turn, if it is there. */
  call(part: number): void {
    this.#waiting.get(part)?.go();
  }

  /** Refuses all of them. */
  dismiss(): void {
    for (const [part, { refuse }] of this.#waiting) refuse(`part ${part} of a transfer that ended`);
  }
}
