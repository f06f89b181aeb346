import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import { backend } from "@proj/native-io";

/** Takes what a socket reads. */
export interface ReadingSink {
  /** Memory that the next bytes belong into, one byte or more; `undefined` where they may go anywhere. */
  readonly space: Uint8Array | undefined;
  /** So many bytes were read into {@link space}. */
  filled(bytes: number): void;
  /** Bytes that are overwritten by the next ones. */
  lent(bytes: Uint8Array): void;
}

// What has no place yet: the header of a frame, and as little as possible of what follows it.
const SCRATCH_BYTES = 32_768;

/** Lets a socket read into the memory that its sink wants filled, without a copy and without new memory for each read. */
export class DirectReading {
  /** For the socket. */
  readonly options: OnReadOpts;
  /** Who takes the bytes; before there is one, nothing is read. */
  sink: ReadingSink | undefined;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);

  constructor() {
    this.options = {
      buffer: () => this.sink?.space ?? this.#scratch,
      callback: (bytes, into) => {
        if (into === this.#scratch) this.sink?.lent(into.subarray(0, bytes));
        else this.sink?.filled(bytes);
        return true;
      },
    };
  }
}

/** A connection, and how it reads where that is not by `data` events. */
export interface AcceptedSocket {
  readonly socket: Socket;
  readonly reading?: DirectReading;
}

/**
 * Takes an accepted connection that nothing was read from over into a socket with {@link DirectReading}, which Node itself has
 * only for connections that are made. Where the native backend cannot do that it stays as it is, and flows.
 */
export function readDirectly(accepted: Socket): AcceptedSocket {
  const copy = backend.tcp.duplicate(accepted);
  if (copy.kind === "refused") return { socket: accepted.resume() };
  const reading = new DirectReading();
  const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
    fd: copy.value,
    readable: true,
    writable: true,
    onread: reading.options,
  };
  const socket = new Socket(options);
  accepted.destroy();
  return { socket, reading };
}

/** Takes a connection over into a socket that emits `data` again, for whoever reads it in another way. */
export function readByEvents(direct: Socket): Socket {
  const copy = backend.tcp.duplicate(direct);
  if (copy.kind === "refused") return direct;
  const socket = new Socket({ fd: copy.value, readable: true, writable: true });
  direct.destroy();
  return socket;
}
