import type { MessagePipe, MessagePipeHandlers, WireError } from "@proj/wire-types";
import { crc32c } from "@proj/wire-types";
import { encodeFrame } from "#src/wire/frame.js";
import { MsgType, PREFIX_BYTES } from "#src/wire/constants.js";

/** Puts every message into a frame of one channel, so that a pipe that only takes frames runs the common suite. */
export class FramedPipe implements MessagePipe {
  readonly #pipe: MessagePipe;
  readonly #channelId: number;

  constructor(pipe: MessagePipe, channelId: number) {
    this.#pipe = pipe;
    this.#channelId = channelId;
  }

  get info(): MessagePipe["info"] {
    return this.#pipe.info;
  }

  get queuedBytes(): number {
    return this.#pipe.queuedBytes;
  }

  open(handlers: MessagePipeHandlers): void {
    this.#pipe.open({
      message: (frame) => {
        const view = new DataView(frame.buffer, frame.byteOffset);
        const from = PREFIX_BYTES + view.getUint16(6, true) + 4;
        handlers.message(frame.subarray(from, frame.length - 4));
      },
      drain: () => handlers.drain(),
      close: (error) => handlers.close(error),
    });
  }

  send(parts: readonly Uint8Array[]): boolean {
    const header = {
      channelId: this.#channelId,
      msgType: MsgType.DATA,
      bodyCodec: 1,
      schemaKey: undefined,
      msgId: 2,
      inReplyTo: 0,
      tags: [],
    };
    const payload = new Uint8Array(Buffer.concat(parts));
    return this.#pipe.send(encodeFrame("v0.2", { flags: 0, header, payload }, crc32c));
  }

  pause(): void {
    this.#pipe.pause();
  }

  resume(): void {
    this.#pipe.resume();
  }

  end(code?: number, reason?: string): void {
    this.#pipe.end(code, reason);
  }

  destroy(error?: WireError): void {
    this.#pipe.destroy(error);
  }
}
