/** One end of a pair of transports that carry trees; it keeps what it sends, and tells of each turn. */
export class TreeTransport {
  readonly encodingLevel: string;
  readonly sent: unknown[] = [];
  /** What `send` answers. */
  answer: unknown;
  other: TreeTransport | undefined;
  readonly #queue: unknown[] = [];
  #waiting: ((message: unknown) => void) | undefined;

  constructor(encodingLevel: string) {
    this.encodingLevel = encodingLevel;
  }

  send(message: unknown): unknown {
    // The reference's receiver changes what it evaluates.
    this.sent.push(structuredClone(message));
    this.other?.inject(message);
    return this.answer;
  }

  receive(): Promise<unknown> {
    if (this.#queue.length > 0) return Promise.resolve(this.#queue.shift());
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Delivers a message as if the peer had sent it. */
  inject(message: unknown): void {
    if (this.#waiting === undefined) this.#queue.push(message);
    else this.#waiting(message);
    this.#waiting = undefined;
  }

  static pair(encodingLevel: string): [client: TreeTransport, server: TreeTransport] {
    const client = new TreeTransport(encodingLevel);
    const server = new TreeTransport(encodingLevel);
    client.other = server;
    server.other = client;
    return [client, server];
  }
}
