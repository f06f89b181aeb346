import { type WireError, wireError } from "./errors.js";
import type { ByteStream, ByteStreamHandlers, TransportInfo } from "./transport.js";

/** Options of {@link memoryStreamPair}. */
export interface MemoryStreamOptions {
  /** Runs `task` soon, never inside the caller. Default: a microtask. */
  readonly defer?: (task: () => void) => void;
  /** Bytes in flight above which `write` answers `false`. Default 65 536. */
  readonly highWaterBytes?: number;
}

const info: TransportInfo = { transport: "memory", peer: undefined, secure: true, local: true };

/** Makes two ends of one in-process stream: what one writes, the other reads. */
export function memoryStreamPair(options: MemoryStreamOptions = {}): [ByteStream, ByteStream] {
  const defer = options.defer ?? ((task) => void Promise.resolve().then(task));
  const high = options.highWaterBytes ?? 65_536;
  const a = new MemoryStream(defer, high);
  const b = new MemoryStream(defer, high);
  a.join(b);
  b.join(a);
  return [a, b];
}

class MemoryStream implements ByteStream {
  readonly info = info;
  readonly #defer: (task: () => void) => void;
  readonly #high: number;
  #peer: MemoryStream | undefined;
  #handlers: ByteStreamHandlers | undefined;
  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #inboxEnded = false;
  #endDelivered = false;
  #writeEnded = false;
  #owesDrain = false;
  #paused = false;
  #closed = false;
  #scheduled = false;

  constructor(defer: (task: () => void) => void, high: number) {
    this.#defer = defer;
    this.#high = high;
  }

  join(peer: MemoryStream): void {
    this.#peer = peer;
  }

  get queuedBytes(): number {
    return this.#peer === undefined ? 0 : this.#peer.#inboxBytes;
  }

  open(handlers: ByteStreamHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError("the stream is open already");
    this.#handlers = handlers;
    this.#schedule();
  }

  write(parts: readonly Uint8Array[]): boolean {
    const peer = this.#peer;
    if (this.#closed || this.#writeEnded || peer === undefined) return true;
    for (const part of parts) {
      if (part.length === 0) continue;
      peer.#inbox.push(part);
      peer.#inboxBytes += part.length;
    }
    peer.#schedule();
    this.#owesDrain = peer.#inboxBytes >= this.#high;
    return !this.#owesDrain;
  }

  end(): void {
    if (this.#closed || this.#writeEnded) return;
    this.#writeEnded = true;
    if (this.#peer !== undefined) {
      this.#peer.#inboxEnded = true;
      this.#peer.#schedule();
    }
    this.#schedule();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  destroy(error?: WireError): void {
    if (this.#closed) return;
    const peer = this.#peer;
    this.#close(error);
    if (peer !== undefined && !peer.#closed) {
      this.#defer(() => peer.#close(wireError("wire.closed", "the peer dropped the stream")));
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    this.#defer(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const handlers = this.#handlers;
    if (handlers === undefined) return;
    while (!this.#paused && !this.#closed) {
      const part = this.#inbox.shift();
      if (part === undefined) break;
      this.#inboxBytes -= part.length;
      handlers.data(part);
    }
    if (this.#peer !== undefined) this.#peer.#drained();
    if (this.#closed || this.#inbox.length > 0) return;
    if (this.#inboxEnded && !this.#endDelivered) {
      this.#endDelivered = true;
      handlers.end();
    }
    if (this.#endDelivered && this.#writeEnded && this.queuedBytes === 0) this.#close(undefined);
  }

  #drained(): void {
    if (!this.#owesDrain || this.#closed || this.queuedBytes >= this.#high / 2) {
      if (this.#writeEnded) this.#schedule();
      return;
    }
    this.#owesDrain = false;
    this.#handlers?.drain();
  }

  #close(error: WireError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox = [];
    this.#inboxBytes = 0;
    this.#handlers?.close(error);
  }
}
