import type { Socket } from "node:net";
import { DwcpError } from "../../errors.js";

/** Reads a socket piece by piece; it waits while nobody asks. */
export class SocketReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #left: Buffer;

  /** `first` was read before. */
  constructor(socket: Socket, first: Uint8Array = new Uint8Array(0)) {
    this.#left = Buffer.from(first);
    this.#chunks = (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** Gives exactly `length` bytes. @throws DwcpError `dwcp.session_lost` when the peer ends before */
  async exactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      const part = await this.some(missing);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Gives what is there, at least one byte and at most `most`. @throws DwcpError `dwcp.session_lost` */
  async some(most: number): Promise<Buffer> {
    if (this.#left.length === 0) {
      const next = await this.#chunks.next().catch((cause: unknown) => {
        throw new DwcpError("dwcp.session_lost", "the connection broke", { cause });
      });
      if (next.done === true) throw new DwcpError("dwcp.session_lost", "the peer hung up");
      this.#left = next.value;
    }
    const part = this.#left.subarray(0, most);
    this.#left = this.#left.subarray(part.length);
    return part;
  }
}
