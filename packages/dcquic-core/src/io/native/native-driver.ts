import { constants } from "node:os";
import { backend, type Capability, type UdpAddress } from "@proj/native-io";
import { systemTime } from "@proj/wire-types/system";
import { LocalPort } from "../../stream/local-port.js";
import type { BufferRegistry } from "../../buffer/buffer-registry.js";
import type { CryptoBackend } from "../../crypto/backend.js";
import type { Measured } from "../../metrics/engine-metrics.js";
import type { Engine } from "../../engine/engine.js";
import type { RmaOffer } from "../../negotiate/transport-choice.js";
import type { HandedPacket, OutgoingPacket } from "../peer-addresses.js";
import type { Sender } from "../pool/pool-driver.js";
import { WireLimit } from "../../wire/constants.js";
import { EngineHost } from "../engine-host.js";
import { ringCrypto } from "../ring-crypto.js";
import { Turns } from "../turns.js";
import { HandedPackets } from "./handed-packets.js";
import {
  NATIVE_CONFIG,
  type NativeDriverOptions,
  type Polling,
  SHARED_THREAD_CONFIG,
} from "./native-driver-options.js";
import { NativeWire, type SendFailure } from "./native-wire.js";

const HYBRID_SPIN_US = 50;
const MAX_WAIT_US = 1000;
const TURNS_PER_ERRORS = 64;
const FEW_DATAGRAMS = 4;
const NIC_ERRNOS: ReadonlySet<number> = new Set([
  constants.errno.ENETDOWN,
  constants.errno.ENODEV,
  constants.errno.ENXIO,
]);

/**
 * Runs an engine on native sockets: whole batches are received, opened, sealed and sent with one call each.
 *
 * On an event loop it turns when datagrams arrive or something falls due; a thread that does nothing else calls
 * {@link NativeDriver.poll} in a loop.
 *
 * @see spec/dcquic.md §16.1, §22
 */
export class NativeDriver {
  readonly #host: EngineHost;
  readonly #wire: NativeWire;
  readonly #options: NativeDriverOptions;
  readonly #failed = (failure: SendFailure): void => this.#weigh(failure);
  readonly #turns = new Turns({ run: () => this.#run(), send: () => this.#send() });
  readonly #handed = new HandedPackets();
  #isSpinning = false;
  #idleSinceUs = 0;
  #turnsSinceErrors = 0;
  #turnCount = 0;
  #closed = false;

  private constructor(wire: NativeWire, options: NativeDriverOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#host = new EngineHost(options, {
      config: options.thread === "own" ? NATIVE_CONFIG : SHARED_THREAD_CONFIG,
      crypto: ringCrypto(backend),
      rma: backend.rma,
      addressOf: (address) => wire.socket.addressOf(address),
      send: (datagram, address) => wire.sendAlone(datagram, address),
    });
  }

  /**
   * Binds the sockets and starts an engine on them.
   *
   * @throws NativeIoError `native_io.system` where a port cannot be bound.
   * @throws RangeError for a configuration that contradicts itself.
   */
  static async bind(options: NativeDriverOptions): Promise<NativeDriver> {
    const { ports, sockets = {} } = options;
    const wire = await NativeWire.open(backend.udp, { ports, ...sockets });
    try {
      return new NativeDriver(wire, options);
    } catch (error) {
      wire.close();
      throw error;
    }
  }

  /** The engine. After a command to it call {@link NativeDriver.pump}. */
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

  /** What encrypts whole batches with one call, for messages too. */
  get crypto(): CryptoBackend {
    return this.#host.crypto;
  }

  /** Where it receives: the first of its ports. */
  get address(): UdpAddress {
    const [first] = this.#wire.socket.ports;
    return first ?? { host: "", port: 0 };
  }

  /** Every port it receives at. */
  get ports(): readonly UdpAddress[] {
    return this.#wire.socket.ports;
  }

  /** What the sockets can do, and what each missing thing costs. */
  get capabilities(): readonly Capability[] {
    return this.#wire.socket.capabilities;
  }

  /** How own memory can be read, for a HELLO. */
  get rmaOffers(): readonly RmaOffer[] {
    return this.#host.rma?.offers ?? [];
  }

  /** Bytes that were read from peers' memory. */
  get rmaBytesRead(): number {
    return this.#host.rma?.bytesRead ?? 0;
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

  /** Tells the numbers of the engine and of the sockets. */
  async measure(): Promise<Measured> {
    return this.measured;
  }

  /** Copies of the numbers of the engine and of the sockets. */
  get measured(): Measured {
    const { counters, stats, load, loopGaps } = this.engine;
    const { droppedDatagrams, refusedMessages } = this.#wire.socket.counters();
    const driver = {
      turns: this.#turnCount,
      sentBatches: this.#wire.sent.copy,
      receivedBatches: this.#wire.received.copy,
      kernelDrops: droppedDatagrams,
      refusedMessages,
      rmaBytesRead: this.rmaBytesRead,
    };
    return { counters: { ...counters }, stats, load, loopGaps, driver };
  }

  /** The engine's number for a peer's address, kept until the driver closes. */
  addressOf(host: string, port: number): number {
    const number = this.#wire.socket.pin({ host, port });
    this.#handed.know({ host, port }, number);
    return number;
  }

  /** Takes a datagram that arrived at another worker. */
  takeForeign(packet: HandedPacket): void {
    if (this.#closed) return;
    if (!this.#handed.add(packet)) {
      this.#handed.give(this.nowUs, this.engine);
      this.#handed.add(packet);
    }
    this.#turns.now();
  }

  /** Sends by its sockets, or gives what the engine sends to others because the NIC behind them is gone. */
  sendBy(whom: Sender): void {
    const { onOutgoing } = this.#options;
    this.#wire.handTo(whom === "others" ? (packet) => onOutgoing?.(packet) : undefined);
    this.#turns.now();
  }

  /** Sends a datagram of a worker whose NIC is gone; it is lost where the socket is full. */
  sendFor({ datagram, to, ecn }: OutgoingPacket): void {
    if (this.#closed) return;
    const address = this.#handed.numberOf(to) ?? this.addressOf(to.host, to.port);
    this.#wire.sendAlone(datagram, address, ecn);
  }

  /** Runs on this thread's event loop from now on. */
  watch(): this {
    this.#wire.socket.watch(() => this.#run());
    this.#turns.now();
    return this;
  }

  /**
   * Runs on this thread's event loop from now on, which never sleeps: its sockets are asked in each of its turns. Whatever else
   * happens on this thread goes on, but a processor is busy all the time.
   */
  spin(): this {
    this.#isSpinning = true;
    this.#turns.always();
    return this;
  }

  /** Lets the engine send soon, in this turn of the event loop or the next. */
  pump(): void {
    this.#turns.soon();
  }

  /**
   * Runs the engine once, and waits for datagrams as `polling` says if it had nothing to do; at most a millisecond. Returns
   * whether it had.
   */
  poll(polling: Polling): boolean {
    this.#isSpinning = polling === "spin";
    const isBusy = this.#once();
    if (this.#closed) return false;
    if (isBusy || polling === "spin") {
      this.#idleSinceUs = 0;
      return isBusy;
    }
    const { nowUs } = this;
    if (this.#idleSinceUs === 0) this.#idleSinceUs = nowUs;
    if (polling === "hybrid" && nowUs - this.#idleSinceUs < HYBRID_SPIN_US) return false;
    // Memory access makes progress by polling only.
    if (this.#host.rma?.isActive === true) return false;
    const waitUs = Math.min(MAX_WAIT_US, this.engine.nextDeadline() - nowUs);
    if (waitUs >= 1) this.#wire.socket.wait(Math.floor(waitUs));
    return false;
  }

  /** Stops at once. What runs is lost; peers will notice by silence. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#turns.stop();
    this.#host.rma?.close();
    this.#wire.close();
  }

  #run(): void {
    if (this.#closed) return;
    const { nowUs } = this;
    const mustSend = !this.#isSpinning || this.#wire.isFull || this.engine.nextDeadline() <= nowUs;
    if (this.#take(nowUs) || mustSend) this.#turns.soon();
  }

  #send(): void {
    this.#emit();
    if (this.#closed) return;
    // What arrives wakes this by itself; memory access, and a socket that was full, have to be asked.
    if (this.#wire.isFull || this.#host.rma?.isActive === true) this.#turns.now();
    else this.#turns.at(this.engine.nextDeadline());
  }

  // Whether anything was received or sent.
  #once(): boolean {
    const isBusy = this.#take(this.nowUs);
    if (this.#closed) return true;
    return this.#emit() || isBusy;
  }

  // Whether anything arrived.
  #take(nowUs: number): boolean {
    const { engine } = this;
    this.#turnCount += 1;
    const received = this.#wire.receive(nowUs, engine) + this.#handed.give(nowUs, engine);
    // Errors are rare: who is busy, or turns all the time, need not ask for them in every turn.
    this.#turnsSinceErrors += 1;
    const isWoken = received === 0 && !this.#isSpinning;
    if (isWoken || this.#turnsSinceErrors >= TURNS_PER_ERRORS) {
      this.#turnsSinceErrors = 0;
      this.#wire.readErrors(nowUs, engine);
    }
    const read = this.#host.rma?.poll(nowUs, engine) ?? 0;
    // A whole batch takes longer to be opened than the shortest timers run; to read the clock takes longer than a few packets.
    engine.tick(received > FEW_DATAGRAMS || read > 0 ? this.nowUs : nowUs);
    this.#host.tellEvents();
    return received > 0 || read > 0;
  }

  // Whether anything left.
  #emit(): boolean {
    const sent = this.#wire.transmit(this.nowUs, this.engine, this.#failed);
    this.#host.tellEvents();
    return sent > 0;
  }

  #weigh({ errno, address, bytes }: SendFailure): void {
    if (errno === constants.errno.EMSGSIZE) {
      // The system knows its interface; where it does not say how much passes, the least does.
      const known = this.#wire.knownMtu(address);
      const passes = known < bytes ? known : WireLimit.minDatagramBytes;
      this.engine.pathMtu(this.nowUs, address, passes);
    } else if (NIC_ERRNOS.has(errno)) this.#options.onNicLost?.(errno);
  }
}
