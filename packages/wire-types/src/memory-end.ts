import { type WireError, wireError } from "./errors.js";
import { MemoryLane, type MemoryOptions } from "./memory-lane.js";
import type { TransportInfo } from "./transport.js";

const info: TransportInfo = { transport: "memory", peer: undefined, secure: true, local: true };

/** What every kind of connection tells its owner. */
export interface EndHandlers {
  drain(): void;
  close(error: WireError | undefined): void;
}

/** The two directions of a connection, as one end sees them. */
export interface Lanes {
  readonly in: MemoryLane;
  readonly out: MemoryLane;
}

/** Makes two ends whose lanes are crossed. */
export function crossLanes<End extends { join(peer: End): void }>(
  options: MemoryOptions,
  make: (lanes: Lanes) => End,
): [End, End] {
  const there = new MemoryLane(options);
  const back = new MemoryLane(options);
  const a = make({ in: back, out: there });
  const b = make({ in: there, out: back });
  a.join(b);
  b.join(a);
  return [a, b];
}

/** One end of an in-process connection: what byte streams and message pipes have in common. */
export abstract class MemoryEnd<Handlers extends EndHandlers> {
  readonly info: TransportInfo = info;
  protected readonly out: MemoryLane;
  readonly #in: MemoryLane;
  #peer: MemoryEnd<Handlers> | undefined;
  #handlers: Handlers | undefined;
  #closed = false;
  #missedError: WireError | undefined;

  constructor(lanes: Lanes) {
    this.out = lanes.out;
    this.#in = lanes.in;
  }

  /** Tells this end which one to take down with it. */
  join(peer: MemoryEnd<Handlers>): void {
    this.#peer = peer;
  }

  get queuedBytes(): number {
    return this.out.queuedBytes;
  }

  open(handlers: Handlers): void {
    if (this.#handlers !== undefined) throw new TypeError("it is open already");
    this.#handlers = handlers;
    if (this.#closed) {
      this.out.defer(() => handlers.close(this.#missedError));
      return;
    }
    this.#in.read({
      take: (item) => this.received(handlers, item),
      ended: () => {
        this.ended(handlers);
        this.#closeWhenDone();
      },
    });
    this.out.write({ drained: () => handlers.drain(), finished: () => this.#closeWhenDone() });
  }

  end(): void {
    this.out.end();
  }

  pause(): void {
    this.#in.pause();
  }

  resume(): void {
    this.#in.resume();
  }

  destroy(error?: WireError): void {
    if (this.#closed) return;
    this.#close(error);
    const peer = this.#peer;
    if (peer === undefined) return;
    this.out.defer(() => peer.#close(wireError("wire.closed", "the peer dropped the connection")));
  }

  protected abstract received(handlers: Handlers, item: Uint8Array): void;

  protected abstract ended(handlers: Handlers): void;

  #closeWhenDone(): void {
    if (this.#in.finished && this.out.finished) this.#close(undefined);
  }

  #close(error: WireError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#in.drop();
    this.out.drop();
    if (this.#handlers === undefined) this.#missedError = error;
    else this.#handlers.close(error);
  }
}
