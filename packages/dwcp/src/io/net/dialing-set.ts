import type { Socket } from "node:net";
import { SocketDriver } from "./socket-driver.js";

/** What happens to a connection that takes too long to become a stream. */
export interface Patience {
  /** In ms. */
  readonly forMs: number;
  /** Called once it is over; the connection is forgotten by then. */
  readonly late: () => void;
}

/** Connections on their way to become streams: first a socket that connects, then the driver of its opening. */
export class DialingSet {
  readonly #all = new Map<Socket | SocketDriver, NodeJS.Timeout | undefined>();

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** One more; without patience it looks after its time itself. */
  add(each: Socket | SocketDriver, patience?: Patience): void {
    const timer =
      patience &&
      setTimeout(() => {
        if (this.delete(each)) patience.late();
      }, patience.forMs);
    this.#all.set(each, timer);
  }

  /** One is done with, well or badly; `false` when that was known. */
  delete(each: Socket | SocketDriver): boolean {
    clearTimeout(this.#all.get(each));
    return this.#all.delete(each);
  }

  /** Gives all of them up. */
  drop(): void {
    for (const each of this.#all.keys()) {
      // Forgotten first: that it closes is no news then.
      this.delete(each);
      if (each instanceof SocketDriver) each.drop();
      else each.destroy();
    }
  }
}
