import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { asWireError } from "@proj/wire-types";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import { BufferRegistry } from "../buffer/buffer-registry.js";
import type { CryptoBackend } from "../crypto/backend.js";
import { resetToken } from "../crypto/secret-control-seal.js";
import { DatagramBatch } from "../engine/batch.js";
import type { EngineConfig } from "../engine/config.js";
import { Engine } from "../engine/engine.js";
import type { EngineEvent } from "../engine/events.js";
import { UnknownSecretAnswers } from "../path/unknown-path-secret.js";
import { encodeSecretControl } from "../wire/secret-control.js";
import { nodeCrypto } from "./node-crypto.js";
import { PeerAddresses, type UdpAddress } from "./peer-addresses.js";

/** What a {@link UdpDriver} is made with. */
export interface UdpDriverOptions {
  /** IP address to bind. */
  readonly host: string;
  /** Port to bind; 0 lets the system choose. */
  readonly port: number;
  /** What differs from the defaults for portable drivers. */
  readonly config?: Partial<EngineConfig>;
  /** Bytes that the buffers of own transfers may take; 256 MiB if absent. */
  readonly bufferBytes?: number;
  /** The cryptography; OpenSSL's if absent. */
  readonly crypto?: CryptoBackend;
  /** 32 bytes that survive restarts: without them peers cannot tell that this process forgot them. */
  readonly resetSigner: Uint8Array;
  /** Is told what the engine tells. */
  readonly onEvent: (event: EngineEvent) => void;
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
const DEFAULT_BUFFER_BYTES = 256 * 1024 * 1024;
const MAX_DATAGRAM = 65_536;
const SPIN_US = 1000;
const MAX_SPIN_US = 2000;

/**
 * Runs an engine on `node:dgram`: one datagram per call, in bursts of 32 between which the event loop turns, because a
 * socket that only sends never receives.
 *
 * @see spec/dcquic.md §16.2, §22
 */
export class UdpDriver {
  /** The engine. After a command to it call {@link UdpDriver.pump}. */
  readonly engine: Engine;
  /** The buffers of own transfers. */
  readonly buffers: BufferRegistry;
  readonly #socket: Socket;
  readonly #options: UdpDriverOptions;
  readonly #crypto: CryptoBackend;
  readonly #addresses = new PeerAddresses();
  readonly #answers = new UnknownSecretAnswers();
  readonly #rx = new DatagramBatch(256, SLAB_BYTES);
  readonly #tx = new DatagramBatch(BURST, SLAB_BYTES);
  #turn: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #spinsSinceUs: number | undefined;
  #closed = false;

  private constructor(socket: Socket, options: UdpDriverOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#crypto = options.crypto ?? nodeCrypto;
    this.buffers = new BufferRegistry(options.bufferBytes ?? DEFAULT_BUFFER_BYTES);
    this.engine = new Engine({
      config: { ...PORTABLE_CONFIG, ...options.config },
      crypto: this.#crypto,
      random: systemRandom,
      buffers: this.buffers,
      nowUs: systemTime.nowUs(),
    });
    socket.on("message", (bytes, { address, port }) => {
      if (bytes.length > MAX_DATAGRAM) return;
      if (!this.#rx.hasRoom(bytes.length)) this.#receive();
      this.#rx.add(bytes, this.#addresses.source(address, port), 0);
      this.pump();
    });
    // An error of a datagram socket concerns one datagram; what it means for a peer its silence will tell.
    socket.on("error", () => {});
  }

  /**
   * Binds a socket and starts an engine on it.
   *
   * @throws WireError `wire.connection_failed`
   */
  static async bind(options: UdpDriverOptions): Promise<UdpDriver> {
    const socket = createSocket({
      type: options.host.includes(":") ? "udp6" : "udp4",
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    });
    try {
      socket.bind(options.port, options.host);
      await once(socket, "listening");
    } catch (error) {
      socket.close();
      throw asWireError(error, "wire.connection_failed");
    }
    return new UdpDriver(socket, options);
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

  /** The engine's number for a peer's address. */
  addressOf(host: string, port: number): number {
    return this.#addresses.peer(host, port);
  }

  /** Lets the engine run in the next turn of the event loop. */
  pump(): void {
    if (this.#closed) return;
    this.#turn ??= setImmediate(() => this.#run());
  }

  /** Stops at once. What runs is lost; peers will notice by silence. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    clearImmediate(this.#turn);
    clearTimeout(this.#timer);
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }

  #run(): void {
    this.#turn = undefined;
    clearTimeout(this.#timer);
    this.#receive();
    this.engine.tick(this.nowUs);
    this.#tellEvents();
    if (this.#closed) return;
    const sent = this.#transmit();
    this.#tellEvents();
    if (!this.#closed) this.#sleep(sent);
  }

  #receive(): void {
    if (this.#rx.count === 0) return;
    this.engine.receive(this.nowUs, this.#rx);
    this.#rx.clear();
  }

  #transmit(): number {
    this.#tx.clear();
    const sent = this.engine.transmit(this.nowUs, this.#tx);
    for (let i = 0; i < sent; i++) {
      const to = this.#addresses.of(this.#tx.address(i));
      const offset = this.#tx.offset(i);
      // The slab is written again before the system took the datagram: a copy.
      const datagram = this.#tx.bytes.slice(offset, offset + this.#tx.length(i));
      if (to !== undefined) this.#socket.send(datagram, to.port, to.host);
    }
    return sent;
  }

  #tellEvents(): void {
    for (
      let event = this.engine.nextEvent();
      event !== undefined;
      event = this.engine.nextEvent()
    ) {
      if (event.kind === "unknownCredential") this.#answer(event);
      this.#options.onEvent(event);
    }
  }

  #answer({
    address,
    credentialId,
    packetBytes,
  }: EngineEvent & { kind: "unknownCredential" }): void {
    const to = this.#addresses.of(address);
    if (to === undefined || !this.#answers.allow(this.nowUs, to.host, packetBytes)) return;
    const token = resetToken(this.#crypto, this.#options.resetSigner, credentialId);
    const answer = encodeSecretControl({ kind: "unknownPathSecret", credentialId, token });
    this.#socket.send(answer, to.port, to.host);
  }

  // Node's timers are a millisecond coarse: what is due sooner is waited for by turning, not for long.
  #sleep(sent: number): void {
    const { nowUs } = this;
    const waitUs = this.engine.nextDeadline() - nowUs;
    if (sent === BURST) return this.pump();
    if (waitUs === Number.POSITIVE_INFINITY) return;
    if (waitUs > SPIN_US) this.#spinsSinceUs = undefined;
    else {
      this.#spinsSinceUs ??= nowUs;
      if (waitUs <= 0 || nowUs - this.#spinsSinceUs < MAX_SPIN_US) return this.pump();
      this.#spinsSinceUs = undefined;
    }
    this.#timer = setTimeout(() => this.pump(), Math.max(1, Math.ceil(waitUs / 1000)));
  }
}
