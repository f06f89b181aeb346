import type { Socket } from "node:net";
import type { DwcpError } from "../../errors.js";
import type { DialListener } from "./dial-peer.js";

const TRY_EVERY_MS = 250;
const AFTER_FOUND_MS = 1_000;
const MOST_WAITING = 4;

/** What a prober tells. */
export interface ProbeListener {
  /** A connection stands; others are given up. Whether the peer is there, only its answers tell. */
  readonly found: (socket: Socket) => void;
  /** The peer refused, or cannot be reached: the prober has stopped. */
  readonly failed: (error: DwcpError) => void;
}

/**
 * Tries to reach a peer that has fallen silent, by another fresh connection every quarter of a second: one that was begun while
 * nothing came through tries again after one, three and seven seconds only.
 *
 * @see spec/dwcp.md B9
 */
export class PathProber {
  readonly #dial: (listener: DialListener) => Socket;
  readonly #listener: ProbeListener;
  readonly #waiting = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;

  constructor(dial: (listener: DialListener) => Socket, listener: ProbeListener) {
    this.#dial = dial;
    this.#listener = listener;
  }

  /** Begins. Harmless the second time. */
  start(): void {
    if (this.#timer === undefined) this.#try();
  }

  /** Gives up what it began. Harmless the second time. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drop();
  }

  #try(): void {
    const [oldest] = this.#waiting;
    if (oldest !== undefined && this.#waiting.size >= MOST_WAITING) {
      this.#waiting.delete(oldest);
      oldest.destroy();
    }
    this.#arm(TRY_EVERY_MS);
    const socket = this.#dial({
      connected: (connected) => {
        this.#waiting.delete(connected);
        this.#drop();
        this.#arm(AFTER_FOUND_MS);
        this.#listener.found(connected);
      },
      failed: (_, error) => {
        this.stop();
        this.#listener.failed(error);
      },
    });
    this.#waiting.add(socket);
  }

  #arm(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#try(), afterMs);
  }

  #drop(): void {
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting.clear();
  }
}
