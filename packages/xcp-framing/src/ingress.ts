/** Bounds of what the application is working on. */
export interface IngressLimits {
  /** The `max_inflight` this end declared. */
  readonly maxMessages: number;
  /** Bytes of bodies; reading pauses there and messages are refused at twice that. */
  readonly maxBytes: number;
}

/**
 * Counts the messages that the application has and has not finished, and their bytes. spec/xcp.md §10
 *
 * Full of bytes, the connection stops reading, which slows the peer down. It does not stop while the application itself
 * waits for the peer (a clarification, a request of its own): the answer would never be read. Then, and where a transport
 * cannot pause, messages beyond twice the limit are refused with `xcp.busy`.
 */
export class Ingress {
  readonly #limits: IngressLimits;
  #messages = 0;
  #bytes = 0;

  constructor(limits: IngressLimits) {
    this.#limits = limits;
  }

  /** Messages that are worked on. */
  get messages(): number {
    return this.#messages;
  }

  /** Bytes of bodies that are worked on. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the peer should be slowed down. */
  get full(): boolean {
    return this.#bytes > this.#limits.maxBytes;
  }

  /** Counts a message of `bytes`, unless that is one too many. A message alone is always taken. */
  enter(bytes: number): "entered" | "busy" {
    if (this.#messages >= this.#limits.maxMessages || !this.hold(bytes)) return "busy";
    this.#messages++;
    return "entered";
  }

  /** Counts a finished message. */
  leave(bytes: number): void {
    this.#messages--;
    this.#bytes -= bytes;
  }

  /** Counts bytes of a message that is streamed; `false` when there are too many. */
  hold(bytes: number): boolean {
    if (this.#bytes > 0 && this.#bytes + bytes > 2 * this.#limits.maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Undoes {@link Ingress.hold}. */
  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
