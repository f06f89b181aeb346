import {
  announceDelivery,
  deliveryOf,
  type RpcTransportWithCustomEncoding,
} from "../session/transport.js";
import type { WebSocketLike } from "../transports/web-socket-like.js";
import {
  WebSocketTransport,
  type WebSocketTransportOptions,
} from "../transports/web-socket-transport.js";
import { decodeMessage, encodeMessage } from "./binary-message.js";

/** Carries messages over a WebSocket of which both ends have agreed that bytes go as they are. §20.7 */
export class ExtendedTransport implements RpcTransportWithCustomEncoding {
  readonly encodingLevel = "jsonCompatibleWithBytes";
  readonly #frames: WebSocketTransport<string | ArrayBuffer>;
  readonly #maxSize: number;

  /** Refuses incoming frames of more than `maxSize`. */
  constructor(socket: WebSocketLike, maxSize: number, options: WebSocketTransportOptions = {}) {
    this.#frames = new WebSocketTransport<string | ArrayBuffer>(socket, options);
    this.#maxSize = maxSize;
    const deliver = deliveryOf(this.#frames);
    announceDelivery(this, (sink) =>
      deliver?.({
        failed: (reason) => sink.failed(reason),
        received: (frame) => {
          let message: unknown;
          try {
            message = this.#decode(frame);
          } catch (error) {
            sink.failed(error);
            return;
          }
          sink.received(message);
        },
      }),
    );
  }

  /** Sends one message as one frame, and answers its size. */
  send(message: unknown): number {
    const encoded = encodeMessage(message);
    this.#frames.send(typeof encoded === "string" ? encoded : encoded.buffer);
    return encoded.length;
  }

  /** Answers the next message. */
  async receive(): Promise<unknown> {
    return this.#decode(await this.#frames.receive());
  }

  /** Closes the socket. */
  abort(reason: unknown): void {
    this.#frames.abort(reason);
  }

  #decode(frame: unknown): unknown {
    return decodeMessage(frame as string | ArrayBuffer, this.#maxSize);
  }
}
