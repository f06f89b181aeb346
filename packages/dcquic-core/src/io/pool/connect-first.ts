import { connect, type Socket } from "node:net";
import { asWireError } from "@proj/wire-types";
import { DcquicError } from "../../errors.js";
import type { UdpAddress } from "../peer-addresses.js";
import { formatPeerName } from "./peer-name.js";

/** How a connection is tried. */
export interface ConnectFirstOptions {
  /** How long each address is given. */
  readonly timeoutMs: number;
  /** Ends all attempts. */
  readonly signal: AbortSignal;
}

// As RFC 8305 has it: long enough that a peer whose first address works is not asked at the others.
const NEXT_AFTER_MS = 250;

/**
 * Connects over TCP to the first of a peer's addresses that answers. Each is tried when the one before failed, or did not answer for a
 * quarter of a second.
 *
 * @throws DcquicError `dcquic.handshake_failed`, with what happened at the first address.
 */
export function connectFirst(
  addresses: readonly UdpAddress[],
  options: ConnectFirstOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    new Attempts(addresses, options, resolve, reject).next();
  });
}

class Attempts {
  readonly #addresses: readonly UdpAddress[];
  readonly #options: ConnectFirstOptions;
  readonly #resolve: (socket: Socket) => void;
  readonly #reject: (error: DcquicError) => void;
  readonly #running = new Map<Socket, NodeJS.Timeout>();
  readonly #abort = (): void => this.#fail(this.#options.signal.reason, this.#addresses[0]);
  #begun = 0;
  #nextTimer: NodeJS.Timeout | undefined;
  #firstFailure: DcquicError | undefined;

  constructor(
    addresses: readonly UdpAddress[],
    options: ConnectFirstOptions,
    resolve: (socket: Socket) => void,
    reject: (error: DcquicError) => void,
  ) {
    this.#addresses = addresses;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    options.signal.addEventListener("abort", this.#abort, { once: true });
  }

  /** Tries the next address, and the one after it in a while; fails when there is none and nothing runs. */
  next(): void {
    clearTimeout(this.#nextTimer);
    if (this.#options.signal.aborted) return this.#abort();
    const address = this.#addresses[this.#begun];
    if (address === undefined) {
      if (this.#running.size === 0) this.#fail(undefined, this.#addresses[0]);
      return;
    }
    this.#begun += 1;
    this.#try(address);
    if (this.#begun < this.#addresses.length) {
      this.#nextTimer = setTimeout(() => this.next(), NEXT_AFTER_MS);
    }
  }

  #try(address: UdpAddress): void {
    const { timeoutMs } = this.#options;
    const socket = connect({ host: address.host, port: address.port });
    const patience = setTimeout(() => {
      socket.destroy(new Error(`it did not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    this.#running.set(socket, patience);
    // An error after the connection is told by the handshake on it.
    socket.on("error", (error) => {
      if (!this.#leave(socket)) return;
      this.#firstFailure ??= failureOf(address, error);
      this.next();
    });
    socket.once("connect", () => {
      this.#leave(socket);
      this.#end();
      this.#resolve(socket);
    });
  }

  #leave(socket: Socket): boolean {
    clearTimeout(this.#running.get(socket));
    return this.#running.delete(socket);
  }

  #fail(reason: unknown, address: UdpAddress | undefined): void {
    this.#end();
    this.#reject(this.#firstFailure ?? failureOf(address, reason));
  }

  // Nothing is tried any more; sockets that are on their way are not needed.
  #end(): void {
    clearTimeout(this.#nextTimer);
    this.#options.signal.removeEventListener("abort", this.#abort);
    for (const socket of this.#running.keys()) {
      this.#leave(socket);
      socket.destroy();
    }
  }
}

function failureOf(address: UdpAddress | undefined, cause: unknown): DcquicError {
  const name = address === undefined ? "a peer" : formatPeerName(address.host, address.port);
  const message = `no connection to ${name}: ${asWireError(cause).message}`;
  return new DcquicError("dcquic.handshake_failed", message, { cause });
}
