import { isIPv6, type Socket } from "node:net";
import type { CryptoBackend } from "../../crypto/backend.js";
import { DcquicError } from "../../errors.js";
import type { EstablishedPath } from "../../path/handshake.js";
import type { Hello, WorkerEndpoint } from "../../path/hello.js";
import type { UdpAddress } from "../peer-addresses.js";
import { handshakeOverTls, type HandshakeCredentials } from "../tls-handshake.js";
import { connectFirst } from "./connect-first.js";
import { formatPeerName, isUnspecified } from "./peer-name.js";

/** What the handshakes of a process have in common. */
export interface PathMakerOptions {
  /** Who this side is. */
  readonly credentials: HandshakeCredentials;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /**
   * What this side says of itself to a peer: which worker is home to it comes first. Of a peer that dials, `at` is the own address that
   * it reached.
   */
  readonly helloTo: (peer: string, at?: string) => Hello;
  /** 32 bytes that survive restarts. */
  readonly resetSigner: Uint8Array;
  /** Whether a path with this credential id exists here. */
  readonly knows: (credentialId: Uint8Array) => boolean;
  /** How long one may take. */
  readonly timeoutMs: number;
  /** How many are dialled at a time. */
  readonly maxConcurrent: number;
}

/** A path that a handshake made. */
export interface MadePath {
  /** What was agreed on. */
  readonly path: EstablishedPath;
  /** The name that the peer proved. */
  readonly identity: string;
  /** The name by which the peer answers handshakes. */
  readonly peer: string;
  /** Where the peer receives: what it said of its first endpoint, with the address of the connection where it did not know its own. */
  readonly host: string;
  /** Its UDP port. */
  readonly port: number;
}

/** A path as soon as its secret exists, which is before its peer proved that it has it too. */
export type InsertPath = (made: Omit<MadePath, "identity">) => void;

/**
 * Makes paths over TCP, as dialer and as listener.
 *
 * @see spec/dcquic.md §7.2
 */
export class PathMaker {
  readonly #options: PathMakerOptions;
  readonly #waiting: (() => void)[] = [];
  #dialling = 0;
  readonly #closing = new AbortController();

  /** Makes none yet. */
  constructor(options: PathMakerOptions) {
    this.#options = options;
  }

  /**
   * Dials a peer, at the first of its addresses that answers, and asks it which of `asked` it knows.
   *
   * @throws DcquicError `dcquic.handshake_failed`
   */
  async dial(
    peer: string,
    addresses: readonly UdpAddress[],
    asked: readonly Uint8Array[],
    insert: InsertPath,
  ): Promise<MadePath> {
    await this.#turn();
    try {
      const { timeoutMs } = this.#options;
      const { signal } = this.#closing;
      const socket = await connectFirst(addresses, { timeoutMs, signal });
      const hello = { ...this.#options.helloTo(peer), asked };
      return await this.#talk(socket, "dialer", hello, insert);
    } finally {
      this.#dialling -= 1;
      this.#waiting.shift()?.();
    }
  }

  /**
   * Answers a dialer.
   *
   * @throws DcquicError `dcquic.handshake_failed`
   */
  answer(socket: Socket, insert: InsertPath): Promise<MadePath> {
    return this.#talk(socket, "listener", this.#options.helloTo(""), insert);
  }

  /** Gives up what is under way. */
  close(): void {
    this.#closing.abort(new DcquicError("dcquic.going_away", "the pool is closed"));
  }

  async #talk(
    socket: Socket,
    role: "dialer" | "listener",
    hello: Hello,
    insert: InsertPath,
  ): Promise<MadePath> {
    const { remoteAddress = "", localAddress = "" } = socket;
    const { helloTo, timeoutMs, credentials, crypto, resetSigner, knows } = this.#options;
    const { path, identity } = await handshakeOverTls(socket, {
      role,
      credentials,
      crypto,
      resetSigner,
      knows,
      timeoutMs,
      signal: this.#closing.signal,
      hello,
      helloTo: (dialer) => helloTo(nameOf(dialer, remoteAddress), plain(localAddress)),
      insert: (early) => insert({ path: early, ...placeOf(early.peer, remoteAddress) }),
    });
    return { path, identity, ...placeOf(path.peer, remoteAddress) };
  }

  async #turn(): Promise<void> {
    while (this.#dialling >= this.#options.maxConcurrent) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#dialling += 1;
  }
}

function placeOf(hello: Hello, remote: string): Omit<MadePath, "path" | "identity"> {
  const { host, port } = addressOf(hello.endpoints[0], remote);
  return { peer: nameOf(hello, remote), host, port };
}

// Handshakes are answered where the worker of the lowest number receives.
function nameOf({ endpoints }: Hello, remote: string): string {
  const [lowest] = endpoints.toSorted((a, b) => a.worker - b.worker);
  const { host, port } = addressOf(lowest, remote);
  return formatPeerName(host, port);
}

function addressOf(
  first: WorkerEndpoint | undefined,
  remote: string,
): { host: string; port: number } {
  const port = first?.ports[0];
  if (first === undefined || port === undefined) {
    throw new DcquicError("dcquic.handshake_failed", "the peer names no endpoint");
  }
  return { host: isUnspecified(first.host) ? plain(remote) : first.host, port };
}

// A socket for both families writes IPv4 addresses in its own way.
function plain(address: string): string {
  const mapped = "::ffff:";
  const isMapped = isIPv6(address) && address.startsWith(mapped) && address.includes(".");
  return isMapped ? address.slice(mapped.length) : address;
}
