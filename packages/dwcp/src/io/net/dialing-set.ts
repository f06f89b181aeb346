import type { Socket } from "node:net";
import { SocketDriver } from "./socket-driver.js";

/** Connections on their way to become streams: first a socket that connects, then the driver of its opening. */
export class DialingSet {
  readonly #all = new Set<Socket | SocketDriver>();

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** One more. */
  add(each: Socket | SocketDriver): void {
    this.#all.add(each);
  }

  /** One is done with, well or badly; `false` when that was known. */
  delete(each: Socket | SocketDriver): boolean {
    return this.#all.delete(each);
  }

  /** Gives all of them up. */
  drop(): void {
    for (const each of this.#all) {
      // Forgotten first: that it closes is no news then.
      this.#all.delete(each);
      if (each instanceof SocketDriver) each.drop();
      else each.destroy();
    }
  }
}
