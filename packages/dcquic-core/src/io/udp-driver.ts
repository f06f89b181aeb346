import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { asWireError } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { LocalPort } from "../stream/local-port.js";
import type { BufferRegistry } from "../buffer/buffer-registry.js";
import { DatagramBatch } from "../engine/batch.js";
import type { Measured } from "../metrics/engine-metrics.js";
import type { EngineConfig } from "../engine/config.js";
import type { Engine } from "../engine/engine.js";
import type { CryptoBackend } from "../crypto/backend.js";
import { bestCrypto } from "./best-crypto.js";
import { EngineHost, type EngineHostOptions } from "./engine-host.js";
import {
  type HandedPacket,
  type OutgoingPacket,
  PeerAddresses,
  type UdpAddress,
} from "./peer-addresses.js";
import type { Sender } from "./pool/pool-driver.js";
import type { SocketSettings } from "./socket-settings.js";
import { SpentMemory } from "./spent-memory.js";
import { Turns } from "./turns.js";

/** What a {@link UdpDriver} is made with. */
export interface UdpDriverOptions extends EngineHostOptions {
  /** IP address to bind. */
  readonly host: string;
  /** Port to bind; 0 lets the system choose. */
  readonly port: number;
  /** How its socket is set up, as far as `node:dgram` can: what it buffers. */
  readonly sockets?: Pick<SocketSettings, "bufferBytes">;
}

/** What differs from the defaults where timers are coarse and datagrams go one at a time. spec/dcquic.md §13, §16.2 */
export const PORTABLE_CONFIG: Partial<EngineConfig> = {
  initialRttUs: 10_000,
  timerGranularityUs: 2000,
  nicSlackUs: 1000,
};

const BURST = 32;
const SLAB_BYTES = 512 * 1024;
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
const MAX_DATAGRAM = 65_536;

/**
 * Runs an engine on `node:dgram`: one datagram per call, in bursts of 32 between which the event loop turns, because a
 * socket that only sends never receives.
 *
 * @see spec/dcquic.md §16.2, §22
 */
export class UdpDriver {
  readonly #host: EngineHost;
  readonly #socket: Socket;
  readonly #addresses = new PeerAddresses();
  readonly #spent = new SpentMemory();
  readonly #rx = new DatagramBatch(256, SLAB_BYTES);
  readonly #turns = new Turns({ run: () => this.#run(), send: () => this.#flush() });
  #tx = new DatagramBatch(BURST, SLAB_BYTES);
  readonly #onOutgoing: ((packet: OutgoingPacket) => void) | undefined;
  #sender: Sender = "itself";
  #closed = false;
  #turnCount = 0;

  private constructor(socket: Socket, options: UdpDriverOptions) {
    this.#socket = socket;
    this.#onOutgoing = options.onOutgoing;
    this.#host = new EngineHost(options, {
      config: PORTABLE_CONFIG,
      crypto: bestCrypto(),
      addressOf: (address) => this.#addresses.of(address),
      send: (datagram, address) => this.#send(datagram, address),
    });
    socket.on("message", (bytes, { address, port }) => {
      this.#arrived(bytes, address, port, 0);
      this.#spent.add(bytes);
    });
    // An error of a datagram socket concerns one datagram; what it means for a peer its silence will tell.
    socket.on("error", () => {});
  }

  /**
   * Binds a socket and starts an engine on it.
   *
   * @throws WireError `wire.connection_failed`
   * @throws RangeError for a configuration that contradicts itself.
   */
  static async bind(options: UdpDriverOptions): Promise<UdpDriver> {
    const family = options.host.includes(":") ? 6 : 4;
    const { bufferBytes = SOCKET_BUFFER_BYTES } = options.sockets ?? {};
    const socket = createSocket({
      type: family === 6 ? "udp6" : "udp4",
      recvBufferSize: bufferBytes,
      sendBufferSize: bufferBytes,
      // Addresses are numeric: nothing has to be looked up, least of all for each datagram.
      lookup: (host, _options, done) => done(null, host, family),
    });
    try {
      const listening = once(socket, "listening");
      socket.bind(options.port, options.host);
      await listening;
      return new UdpDriver(socket, options);
    } catch (error) {
      socket.close();
      if (error instanceof RangeError) throw error;
      throw asWireError(error, "wire.connection_failed");
    }
  }

  /** The engine. After a command to it call {@link UdpDriver.pump}. */
  get engine(): Engine {
    return this.#host.engine;
  }

  /** The port of the engine, for streams on this thread. */
  port(parts: ConstructorParameters<typeof LocalPort>[1]): LocalPort {
    return new LocalPort(this, parts);
  }

  /** The buffers of own transfers. */
  get buffers(): BufferRegistry {
    return this.#host.buffers;
  }

  /** What encrypts its packets, for messages too. */
  get crypto(): CryptoBackend {
    return this.#host.crypto;
  }

  /** Where it receives. */
  get address(): UdpAddress {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  /** The time that the engine's methods take. */
  get nowUs(): number {
    return systemTime.nowUs();
  }

  /** The time for what is said to the engine now; µs. */
  get saidUs(): number {
    return this.#turns.saidUs;
  }

  /** Bytes that wait in the engine, for a router that looks for the worker with less to do. */
  get queuedBytes(): number {
    return this.engine.queuedBytes();
  }

  /** Tells the numbers of the engine. */
  async measure(): Promise<Measured> {
    const { counters, stats, load, loopGaps } = this.engine;
    return { counters, stats, load, loopGaps, driver: { turns: this.#turnCount } };
  }

  /** The engine's number for a peer's address. */
  addressOf(host: string, port: number): number {
    return this.#addresses.peer(host, port);
  }

  /** Takes a datagram that arrived at another worker. */
  takeForeign({ datagram, from, ecn }: HandedPacket): void {
    if (!this.#closed) this.#arrived(datagram, from.host, from.port, ecn);
  }

  /** Sends by its socket, or gives what the engine sends to others because the NIC behind it is gone. */
  sendBy(whom: Sender): void {
    this.#sender = whom;
  }

  /** Sends a datagram of a worker whose NIC is gone. */
  sendFor({ datagram, to }: OutgoingPacket): void {
    if (!this.#closed) this.#socket.send(datagram, to.port, to.host);
  }

  /** Lets the engine send soon, in this turn of the event loop or the next. */
  pump(): void {
    this.#turns.soon();
  }

  /** Stops at once. What runs is lost; peers will notice by silence. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    this.#turns.stop();
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }

  #arrived(bytes: Uint8Array, host: string, port: number, ecn: number): void {
    if (bytes.length > MAX_DATAGRAM) return;
    if (!this.#rx.hasRoom(bytes.length)) this.#receive();
    this.#rx.add(bytes, this.#addresses.source(host, port), ecn);
    this.#turns.now();
  }

  #run(): void {
    this.#turnCount += 1;
    this.#receive();
    this.engine.tick(this.nowUs);
    this.#host.tellEvents();
    this.#turns.soon();
  }

  #flush(): void {
    const sent = this.#transmit();
    this.#host.tellEvents();
    if (this.#closed) return;
    if (sent === BURST) this.#turns.now();
    else this.#turns.at(this.engine.nextDeadline());
  }

  #receive(): void {
    if (this.#rx.count === 0) return;
    this.engine.receive(this.nowUs, this.#rx);
    this.#rx.clear();
  }

  #transmit(): number {
    // Node sends at once where it can; what waits in its queue still refers to the slab.
    if (this.#socket.getSendQueueCount() > 0) this.#tx = new DatagramBatch(BURST, SLAB_BYTES);
    const batch = this.#tx;
    batch.clear();
    const sent = this.engine.transmit(this.nowUs, batch);
    for (let i = 0; i < sent; i++) {
      const offset = batch.offset(i);
      this.#send(batch.bytes.subarray(offset, offset + batch.length(i)), batch.address(i));
    }
    return sent;
  }

  #send(datagram: Uint8Array, address: number): void {
    const to = this.#addresses.of(address);
    if (to === undefined) return;
    if (this.#sender === "itself") this.#socket.send(datagram, to.port, to.host);
    else this.#onOutgoing?.({ to, ecn: 0, datagram: datagram.slice() });
  }
}
