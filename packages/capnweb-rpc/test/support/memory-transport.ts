/** One end of a pair of in-memory transports; it logs what it sends. */
export class MemoryTransport {
  readonly sent: string[] = [];
  aborted: unknown;
  other: MemoryTransport | undefined;
  readonly #queue: string[] = [];
  #waiting: { resolve: (message: string) => void; reject: (reason: unknown) => void } | undefined;

  send(message: string): Promise<void> {
    this.sent.push(message);
    this.other?.inject(message);
    return Promise.resolve();
  }

  receive(): Promise<string> {
    const next = this.#queue.shift();
    if (next !== undefined) return Promise.resolve(next);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  abort(reason: unknown): void {
    this.aborted = reason;
  }

  /** Delivers a message as if the peer had sent it. */
  inject(message: string): void {
    if (this.#waiting === undefined) this.#queue.push(message);
    else this.#waiting.resolve(message);
    this.#waiting = undefined;
  }

  /** Loses the connection. */
  lose(reason: unknown): void {
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }

  static pair(): [client: MemoryTransport, server: MemoryTransport] {
    const client = new MemoryTransport();
    const server = new MemoryTransport();
    client.other = server;
    server.other = client;
    return [client, server];
  }
}

/** Lets everything that is under way settle. */
export async function turns(count = 64): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
