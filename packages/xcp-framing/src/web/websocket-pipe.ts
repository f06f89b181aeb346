import {
  concatBytes,
  type MessagePipe,
  type MessagePipeHandlers,
  type Timers,
  type TransportInfo,
  type WireError,
  wireError,
} from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { isLoopback } from "../loopback.js";
import { closeError, CloseCode, shortReason, TEXT_REFUSAL } from "../websocket-binding.js";

// Browsers may close with 1000 and 3000..4999 only.
const PRIVATE_CODES = 3000;

const HIGH_WATER_BYTES = 262_144;
const MAX_HELD_BYTES = 67_108_864;
// A browser tells nobody that its queue became empty.
const POLL_US = 5_000;

/** Options of {@link webSocketPipe}. */
export interface WebSocketPipeOptions {
  /** Queued bytes from which `send` answers `false`. Default 262 144. */
  readonly highWaterBytes?: number;
  /**
   * Bytes that may wait while the pipe is paused, in which time a browser's WebSocket goes on receiving; above, the pipe
   * closes. Default 67 108 864.
   */
  readonly maxHeldBytes?: number;
  /** Runs the polling for an empty queue. Default: the system's. */
  readonly timers?: Timers;
}

/**
 * Makes a `MessagePipe` of an open WebSocket with subprotocol `xcp.v0.2`, which belongs to the pipe from now on.
 *
 * Browsers may only close with 1000 and 3000..4999: every other code travels as itself plus 3000 (1002 as 4002).
 *
 * @see spec/xcp.md §20
 */
export function webSocketPipe(socket: WebSocket, options: WebSocketPipeOptions = {}): MessagePipe {
  return new WebSocketPipe(socket, options);
}

class WebSocketPipe implements MessagePipe {
  readonly info: TransportInfo;
  readonly #socket: WebSocket;
  readonly #highWaterBytes: number;
  readonly #maxHeldBytes: number;
  readonly #timers: Timers;
  #handlers: MessagePipeHandlers | undefined;
  /** What came before `open` or during a pause, in order. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #paused = false;
  #polling = false;
  #endSent = false;
  #closed = false;
  /** Why the socket closed, while messages that came before are still held. */
  #pendingClose: { readonly error: WireError | undefined } | undefined;

  constructor(socket: WebSocket, options: WebSocketPipeOptions) {
    const url = new URL(socket.url);
    this.info = {
      transport: "ws",
      // Without user, password and query, which may be secret.
      peer: { kind: "url", url: `${url.protocol}//${url.host}${url.pathname}` },
      secure: url.protocol === "wss:",
      local: isLoopback(url.hostname.replace(/^\[(.*)\]$/, "$1")),
    };
    this.#socket = socket;
    this.#highWaterBytes = options.highWaterBytes ?? HIGH_WATER_BYTES;
    this.#maxHeldBytes = options.maxHeldBytes ?? MAX_HELD_BYTES;
    this.#timers = options.timers ?? systemTime;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#received(data));
    socket.addEventListener("close", ({ code, reason }) => this.#gone(code, reason));
  }

  get queuedBytes(): number {
    return this.#closed ? 0 : this.#socket.bufferedAmount;
  }

  open(handlers: MessagePipeHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError("the pipe is open already");
    this.#handlers = handlers;
    queueMicrotask(() => this.#deliver());
  }

  send(parts: readonly Uint8Array[]): boolean {
    if (this.#closed || this.#endSent || this.#socket.readyState !== this.#socket.OPEN) return true;
    const [only] = parts;
    const message = parts.length === 1 && only !== undefined ? only : concatBytes(parts);
    this.#socket.send(message as Uint8Array<ArrayBuffer>);
    if (this.#socket.bufferedAmount >= this.#highWaterBytes) this.#pollForDrain();
    return !this.#polling;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    queueMicrotask(() => this.#deliver());
  }

  end(code: number = CloseCode.NORMAL, reason = ""): void {
    if (this.#closed || this.#endSent) return;
    this.#endSent = true;
    this.#socket.close(...closing(code, reason));
  }

  destroy(error?: WireError): void {
    if (this.#closed) return;
    this.#held = [];
    this.#close(error);
    // A browser can only close in order; what it already queued may still arrive.
    this.#socket.close(...closing(CloseCode.NO_CLOSE_FRAME, "dropped"));
  }

  #received(data: unknown): void {
    if (this.#closed || this.#pendingClose !== undefined) return;
    if (!(data instanceof ArrayBuffer)) {
      this.#refuse(CloseCode.UNSUPPORTED_DATA, TEXT_REFUSAL);
      return;
    }
    const message = new Uint8Array(data);
    if (this.#handlers !== undefined && !this.#paused && this.#held.length === 0) {
      this.#handlers.message(message);
      return;
    }
    this.#held.push(message);
    this.#heldBytes += message.length;
    if (this.#heldBytes > this.#maxHeldBytes) {
      this.#refuse(CloseCode.POLICY_VIOLATION, `paused with ${this.#heldBytes} bytes to come`);
    }
  }

  #refuse(code: number, reason: string): void {
    this.#held = [];
    this.#close(wireError("wire.closed", reason, { details: { code } }));
    this.#socket.close(...closing(code, reason));
  }

  #deliver(): void {
    const handlers = this.#handlers;
    if (handlers === undefined) return;
    while (!this.#paused && !this.#closed) {
      const message = this.#held.shift();
      if (message === undefined) break;
      this.#heldBytes -= message.length;
      handlers.message(message);
    }
    const pending = this.#pendingClose;
    if (pending !== undefined && this.#held.length === 0) this.#close(pending.error);
  }

  #pollForDrain(): void {
    if (this.#polling) return;
    this.#polling = true;
    const poll = (): void => {
      if (this.#closed) return;
      if (this.#socket.bufferedAmount > 0) {
        this.#timers.schedule(POLL_US, poll);
        return;
      }
      this.#polling = false;
      this.#handlers?.drain();
    };
    this.#timers.schedule(POLL_US, poll);
  }

  #gone(code: number, reason: string): void {
    if (this.#closed || this.#pendingClose !== undefined) return;
    this.#pendingClose = { error: closeError(code, reason, this.#endSent) };
    this.#deliver();
  }

  #close(error: WireError | undefined): void {
    if (this.#closed) return;
    if (this.#handlers === undefined) {
      this.#pendingClose ??= { error };
      return;
    }
    this.#closed = true;
    this.#handlers.close(error);
  }
}

/** The arguments of a browser's `close` that say `code` and `reason` as well as it may. */
function closing(code: number, reason: string): [number, string] {
  const allowed = code === CloseCode.NORMAL || code >= PRIVATE_CODES;
  return [allowed ? code : code + PRIVATE_CODES, shortReason(reason)];
}
