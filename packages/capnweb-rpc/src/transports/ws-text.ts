import { systemRandom } from "@proj/wire-types/system";
import { type HostBuffer, hostBuffers, type HostBuffers } from "../wire/host-buffer.js";
import type { PiecedText } from "../wire/pieced-text.js";
import { FRAME_ROOM, maskTextFrame } from "./masked-frame.js";
import { OPEN } from "./web-socket-like.js";

/** What is asked of sockets of `ws` beyond what browsers' have. */
export interface WsSocket {
  readonly readyState: number;
  readonly extensions?: string | undefined;
  // The only way `ws` shows its TCP socket and which end it is.
  readonly _isServer?: boolean | undefined;
  readonly _socket?: { write?(bytes: Uint8Array): unknown } | null | undefined;
  on(event: "message", listener: (data: HostBuffer | ArrayBuffer, isBinary: boolean) => void): void;
  send(text: Uint8Array, options: { readonly binary: false }): void;
}

// Below it looking for a faster way costs more than it gives.
const LONG_TEXT = 4096;

/**
 * Exchanges text with a socket of `ws` as the bytes it is made of. What a client sends masked goes
 * to the TCP socket at once where nothing stands against it: `ws` masks byte by byte.
 */
export class WsText {
  readonly #socket: WsSocket;
  readonly #buffers: HostBuffers;

  constructor(socket: WsSocket, buffers: HostBuffers) {
    this.#socket = socket;
    this.#buffers = buffers;
  }

  /** Hears of every message: text, or the bytes of a binary one. */
  listen(received: (message: string | ArrayBuffer) => void): void {
    this.#socket.on("message", (data, isBinary) => {
      received(isBinary ? (data as ArrayBuffer) : this.#decode(data as HostBuffer));
    });
  }

  /** Sends one message as one frame. */
  send(text: PiecedText): void {
    const { readyState, extensions, _isServer: isServer, _socket: tcp } = this.#socket;
    // An extension, compression that is, wants to see what is sent.
    const plain = readyState === OPEN && extensions === "" && isServer === false;
    if (plain && typeof tcp?.write === "function") {
      tcp.write(maskTextFrame(text.encode(this.#buffers, FRAME_ROOM), systemRandom));
    } else this.#socket.send(text.encode(this.#buffers, 0), { binary: false });
  }

  /** `ws` has found the bytes to be UTF-8. Long ones are most often ASCII. */
  #decode(bytes: HostBuffer): string {
    if (bytes.length < LONG_TEXT) return bytes.toString("utf8");
    const text = bytes.toString("latin1");
    // Every character beyond ASCII takes two bytes or more.
    return this.#buffers.byteLength(text) === bytes.length ? text : bytes.toString("utf8");
  }
}

/** Finds out whether `socket` is one of `ws`; `undefined` for any other. */
export function wsText(socket: object): WsText | undefined {
  const isWs = "_socket" in socket && typeof (socket as Partial<WsSocket>).on === "function";
  return isWs && hostBuffers !== undefined
    ? new WsText(socket as WsSocket, hostBuffers)
    : undefined;
}
