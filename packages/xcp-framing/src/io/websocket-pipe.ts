import {
  type MessagePipe,
  type MessagePipeHandlers,
  type TransportInfo,
  type WireError,
  wireError,
} from "@proj/wire-types";
import type { RawData, WebSocket } from "ws";
import { closeError, CloseCode, shortReason, TEXT_REFUSAL } from "../websocket-binding.js";
import { HIGH_WATER_BYTES } from "./socket-stream.js";
import { transportError } from "./transport-error.js";

/** Milliseconds that the peer may take to answer a close before the socket is dropped: the drain of §20. */
export const CLOSE_TIMEOUT_MS = 5_000;

/** Options of {@link webSocketPipe}. */
export interface WebSocketPipeOptions {
  /** Queued bytes from which `send` answers `false`. Default 262 144. */
  readonly highWaterBytes?: number;
}

/**
 * Makes a `MessagePipe` of an open WebSocket of the `ws` package. The socket belongs to the pipe from now on.
 *
 * A text message closes it with 1003, as the binding demands; `ws` itself answers pings and closes malformed traffic
 * with 1002. spec/xcp.md §20
 */
export function webSocketPipe(
  socket: WebSocket,
  info: TransportInfo,
  options: WebSocketPipeOptions = {},
): MessagePipe {
  return new WebSocketPipe(socket, info, options);
}

class WebSocketPipe implements MessagePipe {
  readonly info: TransportInfo;
  readonly #socket: WebSocket;
  readonly #highWaterBytes: number;
  #handlers: MessagePipeHandlers | undefined;
  // Messages that came in one piece with the handshake, before `open`.
  #early: Uint8Array[] = [];
  #failure: unknown;
  #endSent = false;
  #owesDrain = false;
  #closed = false;
  #missedClose: { readonly error: WireError | undefined } | undefined;

  constructor(socket: WebSocket, info: TransportInfo, options: WebSocketPipeOptions) {
    this.info = info;
    this.#socket = socket;
    this.#highWaterBytes = options.highWaterBytes ?? HIGH_WATER_BYTES;
    socket.on("message", (data: RawData, isBinary: boolean) => this.#received(data, isBinary));
    socket.on("error", (error) => {
      this.#failure ??= error;
    });
    socket.on("close", (code, reason) => this.#gone(code, reason.toString()));
    socket.pause();
  }

  get queuedBytes(): number {
    return this.#closed ? 0 : this.#socket.bufferedAmount;
  }

  open(handlers: MessagePipeHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError("the pipe is open already");
    this.#handlers = handlers;
    const missed = this.#missedClose;
    queueMicrotask(() => {
      for (const message of this.#early) if (!this.#closed) handlers.message(message);
      this.#early = [];
      if (missed !== undefined) handlers.close(missed.error);
    });
    this.#socket.resume();
  }

  send(parts: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (this.#closed || this.#endSent || socket.readyState !== socket.OPEN) return true;
    const [only] = parts;
    const message = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
    socket.send(message, { binary: true, compress: false }, this.#flushed);
    this.#owesDrain ||= socket.bufferedAmount >= this.#highWaterBytes;
    return !this.#owesDrain;
  }

  pause(): void {
    if (!this.#closed) this.#socket.pause();
  }

  resume(): void {
    if (!this.#closed && this.#handlers !== undefined) this.#socket.resume();
  }

  end(code: number = CloseCode.NORMAL, reason = ""): void {
    if (this.#closed || this.#endSent) return;
    this.#endSent = true;
    this.#socket.close(code, shortReason(reason));
    // The answer to the close must be read, or the timeout is all that ends it.
    this.#socket.resume();
  }

  destroy(error?: WireError): void {
    if (this.#closed) return;
    this.#close(error);
    this.#socket.terminate();
  }

  readonly #flushed = (): void => {
    if (!this.#owesDrain || this.#closed || this.#socket.bufferedAmount > 0) return;
    this.#owesDrain = false;
    this.#handlers?.drain();
  };

  #received(data: RawData, isBinary: boolean): void {
    if (this.#closed) return;
    if (!isBinary) {
      const details = { code: CloseCode.UNSUPPORTED_DATA };
      this.#close(wireError("wire.closed", TEXT_REFUSAL, { details }));
      this.#socket.close(CloseCode.UNSUPPORTED_DATA, TEXT_REFUSAL);
      return;
    }
    const buffer = Array.isArray(data) ? Buffer.concat(data) : data;
    const message =
      buffer instanceof ArrayBuffer
        ? new Uint8Array(buffer)
        : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    if (this.#handlers === undefined || this.#early.length > 0) this.#early.push(message);
    else this.#handlers.message(message);
  }

  #gone(code: number, reason: string): void {
    if (this.#closed) return;
    if (this.#failure !== undefined) {
      this.#close(transportError(this.#failure, this.info.transport, "wire.closed"));
      return;
    }
    this.#close(closeError(code, reason, this.#endSent));
  }

  #close(error: WireError | undefined): void {
    this.#closed = true;
    if (this.#handlers === undefined) this.#missedClose = { error };
    else this.#handlers.close(error);
  }
}
