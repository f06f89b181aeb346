import type { OnReadOpts } from "node:net";

const READ_BYTES = 65_536;

/**
 * Reads a socket into the same memory again and again, so that what arrives costs no allocation.
 *
 * The socket is made with `onread` and stays paused until somebody listens.
 */
export class LentReads {
  /** For the options of `net.connect`. */
  readonly onread: OnReadOpts;
  /** Whether the next read is wanted. A socket that was only told to pause may begin to read again by itself. */
  flowing = true;
  #take: (bytes: Uint8Array) => void = () => undefined;

  constructor() {
    this.onread = {
      buffer: new Uint8Array(READ_BYTES),
      callback: (length, { buffer, byteOffset }) => {
        this.#take(new Uint8Array(buffer, byteOffset, length));
        return this.flowing;
      },
    };
  }

  /** Gives each read to `take`, whose bytes are only lent for the call. */
  listen(take: (bytes: Uint8Array) => void): void {
    this.#take = take;
  }
}
