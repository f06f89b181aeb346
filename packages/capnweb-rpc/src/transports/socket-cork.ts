/** A socket whose writes can be held back and sent together. */
interface Corkable {
  cork(): void;
  uncork(): void;
}

const setImmediate = (globalThis as { readonly setImmediate?: (run: () => void) => void })
  .setImmediate;

/**
 * Joins the writes of one turn of the event loop into one, where the WebSocket lets its TCP socket
 * be seen, as `ws` does. Every message stays a frame of its own.
 */
export class SocketCork {
  readonly #socket: { readonly _socket?: Partial<Corkable> | null };
  #corked: Corkable | undefined;

  /** `webSocket` may be any; those that show no socket are left alone. */
  constructor(webSocket: object) {
    this.#socket = webSocket;
  }

  /** Holds back what is written until the turn is over. */
  hold(): void {
    if (this.#corked !== undefined || setImmediate === undefined) return;
    // oxlint-disable-next-line no-underscore-dangle -- the only way `ws` shows its socket
    const socket = this.#socket._socket;
    if (typeof socket?.cork !== "function" || typeof socket.uncork !== "function") return;
    const corked = socket as Corkable;
    this.#corked = corked;
    corked.cork();
    setImmediate(() => {
      this.#corked = undefined;
      corked.uncork();
    });
  }
}
