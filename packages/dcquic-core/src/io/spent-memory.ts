import { MessageChannel, type MessagePort } from "node:worker_threads";

/** What is shorter costs the collector less than it costs to give it back. */
const WORTHWHILE_BYTES = 512;
/** How many pieces go back with one call; as many wait at most, and one less. */
const TOGETHER = 32;

/**
 * Gives memory back that Node allocated for one use, as soon as it was used.
 *
 * `node:dgram` allocates memory for each datagram, and `node:crypto` for each packet, outside of V8's heap, and only the collector gives
 * that back. V8 begins to mark its whole heap after some megabytes of it: at full rate every tenth of a second, although none of it is
 * in use. What is transferred to a port that is closed goes back at once, and what is allocated next is still in the cache.
 */
export class SpentMemory {
  readonly #waiting: ArrayBuffer[] = [];
  #nowhere: MessagePort | undefined;
  #count = 0;

  /** Takes bytes that nobody reads any more. Where they are part of a larger piece of memory, they stay as they are. */
  add({ buffer, length }: Uint8Array): void {
    if (length < WORTHWHILE_BYTES || buffer.byteLength !== length) return;
    if (!(buffer instanceof ArrayBuffer)) return;
    this.#waiting[this.#count] = buffer;
    this.#count += 1;
    if (this.#count === TOGETHER) this.#giveBack();
  }

  #giveBack(): void {
    this.#count = 0;
    this.#nowhere ??= closedPort();
    this.#nowhere.postMessage(undefined, this.#waiting);
  }
}

function closedPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
