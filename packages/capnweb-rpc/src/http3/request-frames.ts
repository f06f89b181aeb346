import { type Block, BlockReader } from "./block-reader.js";
import { Http3Error } from "./http3-error.js";
import { FrameType } from "./http3-settings.js";
import { decodeFields, type Field } from "./qpack.js";
import { encodeVarints } from "./quic-varint.js";

const MAX_HEADER_BYTES = 16_384;
const MAX_DATA_BYTES = 65_536;

/** The frames of a request stream: a header, then data. */
export class RequestFrames {
  readonly #source: AsyncGenerator<Uint8Array>;
  readonly #reader = new BlockReader([FrameType.HEADERS, FrameType.DATA], MAX_DATA_BYTES);
  readonly #ready: Block[] = [];

  /** Locks `readable`. `begun` is the type of a frame of which the stream has lost the type. */
  constructor(readable: ReadableStream<Uint8Array>, begun?: number) {
    this.#source = chunks(readable);
    if (begun !== undefined) this.#reader.push(encodeVarints(begun));
  }

  /** Answers the header. @throws Http3Error */
  async header(): Promise<readonly Field[]> {
    const frame = await this.#next();
    if (frame === undefined) throw new Http3Error("MESSAGE_ERROR", "no header came");
    if (frame.type !== FrameType.HEADERS) throw new Http3Error("FRAME_UNEXPECTED", "data first");
    if (frame.payload.length > MAX_HEADER_BYTES) {
      throw new Http3Error("EXCESSIVE_LOAD", `a header of ${frame.payload.length} bytes`);
    }
    return decodeFields(frame.payload);
  }

  /** Answers the payloads of data frames. */
  async *data(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const frame = await this.#next();
      if (frame === undefined) return;
      if (frame.type === FrameType.DATA) yield frame.payload;
    }
  }

  async #next(): Promise<Block | undefined> {
    while (this.#ready.length === 0) {
      const { done, value } = await this.#source.next();
      if (done === true) return undefined;
      this.#ready.push(...this.#reader.push(value));
    }
    return this.#ready.shift();
  }
}

/** Answers the chunks of a stream, one after the other; leaving early leaves it locked. */
export async function* chunks(readable: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
