import { type RandomSource, uniform } from "@proj/wire-types";
import { BufferRegistry } from "../buffer/buffer-registry.js";
import type { CryptoBackend } from "../crypto/backend.js";
import { resetToken } from "../crypto/secret-control-seal.js";
import { DatagramBatch } from "../engine/batch.js";
import type { EngineConfig } from "../engine/config.js";
import { Engine } from "../engine/engine.js";
import type { EngineEvent, PathId } from "../engine/events.js";
import type { PathEntry } from "../path/secret-map.js";
import { HostMemory, type MemoryAccess } from "./memory-access.js";
import { UnknownSecretAnswers, UnknownSecretWatch } from "../path/unknown-path-secret.js";
import { encodeSecretControl } from "../wire/secret-control.js";

/** What a simulated host takes from its world. */
export interface SimHostOptions {
  /** Its number, which is also its address. */
  readonly index: number;
  /** Configuration of its engine. */
  readonly config: Partial<EngineConfig>;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** Randomness. */
  readonly random: RandomSource;
  /** What its clock shows at first; µs. */
  readonly startUs: number;
  /** Generation of its first ids. */
  readonly firstGeneration: number | undefined;
  /** Bytes its buffers may take. */
  readonly bufferBytes: number;
  /** How memory of other hosts is read; it is not if absent. */
  readonly memoryAccess: MemoryAccess | undefined;
  /** Sends a datagram to another host. */
  readonly send: (to: number, datagram: Uint8Array, ecn: number) => void;
  /** Asks to be woken; a later call replaces an earlier one. */
  readonly wakeAt: (atUs: number) => void;
  /** Is told everything the engine tells. */
  readonly onEvent: (host: SimHost, event: EngineEvent) => void;
  /** Makes a new path to a peer, as a handshake would. */
  readonly reconnect: (host: SimHost, peer: number, lost: PathEntry) => void;
}

const BATCH_DATAGRAMS = 64;
const SLAB_BYTES = 128 * 1024;
const SIGNER_BYTES = 32;
const EPOCH_BYTES = 16;

/** A host of a simulated world: an engine, its driver, and its memory. */
export class SimHost {
  /** Its number, which is also its address. */
  readonly index: number;
  /** Its engine; another one after a crash. */
  engine: Engine;
  /** Its buffers. */
  buffers: BufferRegistry;
  /** Paths by peer, the newest. */
  readonly paths: Map<number, PathId> = new Map();
  /** What a handshake left, by path. */
  readonly entries: Map<PathId, PathEntry> = new Map();
  /** What peers may read of its memory, and its own reads of theirs. */
  readonly memory: HostMemory | undefined;
  /** How far its clock is ahead of the world's. */
  clockOffsetUs = 0;
  /** Secret of its reset tokens. */
  signer: Uint8Array;
  /** Told in handshakes, new with each start. */
  epoch: Uint8Array;
  readonly #options: SimHostOptions;
  readonly #tx = new DatagramBatch(BATCH_DATAGRAMS, SLAB_BYTES);
  readonly #rx = new DatagramBatch(1, 65_536);
  #answers = new UnknownSecretAnswers();
  #watch: UnknownSecretWatch;
  #nowUs = 0;
  #watched = 0;

  /** Starts the engine. */
  constructor(options: SimHostOptions) {
    this.#options = options;
    this.index = options.index;
    this.buffers = new BufferRegistry(options.bufferBytes);
    const { memoryAccess, index } = options;
    this.memory = memoryAccess && new HostMemory(memoryAccess, index, () => this.buffers);
    this.signer = options.random.fill(new Uint8Array(SIGNER_BYTES));
    this.epoch = options.random.fill(new Uint8Array(EPOCH_BYTES));
    this.#watch = new UnknownSecretWatch(options.crypto);
    this.clockOffsetUs = options.startUs;
    this.engine = this.#start(options.startUs);
  }

  /** The host's own time. */
  get nowUs(): number {
    return this.#nowUs + this.clockOffsetUs;
  }

  /** Sets the world's time. */
  at(worldUs: number): this {
    this.#nowUs = worldUs;
    return this;
  }

  /** Takes a datagram. */
  receive(from: number, datagram: Uint8Array, ecn: number): void {
    this.#rx.clear();
    if (!this.#rx.add(datagram, from, ecn)) return;
    this.engine.receive(this.nowUs, this.#rx);
    this.pump();
  }

  /** Runs timers. */
  wake(): void {
    this.engine.tick(this.nowUs);
    this.pump();
  }

  /** Tells events, sends what is to be sent, and asks to be woken in time: to be called after every command. */
  pump(): void {
    for (
      let event = this.engine.nextEvent();
      event !== undefined;
      event = this.engine.nextEvent()
    ) {
      this.#handle(event);
    }
    do {
      this.#tx.clear();
      this.engine.transmit(this.nowUs, this.#tx);
      for (let i = 0; i < this.#tx.count; i++) {
        const offset = this.#tx.offset(i);
        const datagram = this.#tx.bytes.subarray(offset, offset + this.#tx.length(i));
        this.#options.send(this.#tx.address(i), datagram, this.#tx.ecn(i));
      }
    } while (this.#tx.count > 0);
    const deadline = this.engine.nextDeadline() - this.clockOffsetUs;
    if (deadline !== Number.POSITIVE_INFINITY) {
      this.#options.wakeAt(Math.max(deadline, this.#nowUs + 0.001));
    }
  }

  /** See `Engine.watch`; it holds for its next engine, too. */
  watch(groups: number): void {
    this.#watched = groups;
    this.engine.watch(groups);
  }

  /** Forgets everything but, perhaps, the signer. */
  crash(signer: "kept" | "lost"): void {
    const { random } = this.#options;
    this.memory?.forget();
    this.buffers = new BufferRegistry(this.#options.bufferBytes);
    this.paths.clear();
    this.entries.clear();
    this.epoch = random.fill(new Uint8Array(EPOCH_BYTES));
    if (signer === "lost") this.signer = random.fill(new Uint8Array(SIGNER_BYTES));
    this.#answers = new UnknownSecretAnswers();
    this.#watch = new UnknownSecretWatch(this.#options.crypto);
    this.engine = this.#start(this.nowUs);
  }

  /** Forges an ICMP message about a random path. */
  forgeIcmp(): void {
    const paths = [...this.paths.values()];
    const path = paths[Math.floor(uniform(this.#options.random) * paths.length)];
    if (path === undefined) return;
    this.engine.icmp(this.nowUs, path, "unreachable");
    this.pump();
  }

  /** Decides, after a new handshake, whether the old path's state is lost. §7.4 */
  isStateLost(before: PathEntry, after: PathEntry): boolean {
    return this.#watch.isStateLost(before, after);
  }

  #start(nowUs: number): Engine {
    const { config, crypto, random } = this.#options;
    const { firstGeneration } = this.#options;
    const first = firstGeneration === undefined ? {} : { firstGeneration };
    const memory = this.memory === undefined ? {} : { rma: this.memory };
    const { buffers } = this;
    const engine = new Engine({ config, crypto, random, buffers, nowUs, ...first, ...memory });
    engine.watch(this.#watched);
    return engine;
  }

  #handle(event: EngineEvent): void {
    this.#options.onEvent(this, event);
    if (event.kind === "unknownCredential") {
      if (!this.#answers.allow(this.nowUs, String(event.address), event.packetBytes)) return;
      const { credentialId } = event;
      const token = resetToken(this.#options.crypto, this.signer, credentialId);
      const answer = encodeSecretControl({ kind: "unknownPathSecret", credentialId, token });
      this.#options.send(event.address, answer, 0);
    } else if (event.kind === "unknownPathSecret") {
      const entry = this.entries.get(event.path);
      if (entry === undefined) return;
      if (this.#watch.judge(this.nowUs, entry, event.token) !== "askPeer") return;
      this.#options.reconnect(this, Number(entry.identity), entry);
    }
  }
}
