import type { RandomSource, Timers } from "@proj/wire-types";
import type { BufferRegistry } from "../buffer/buffer-registry.js";
import type { CryptoBackend } from "../crypto/backend.js";
import type { AnnounceOptions, AnnounceResult, TokenOutcome } from "../engine/announce-options.js";
import type { Engine } from "../engine/engine.js";
import type { PathId } from "../engine/events.js";
import type { PlacedAccept } from "../engine/puller.js";
import type { CloseOptions } from "../engine/stream-closer.js";
import type { Id64 } from "../wire/id64.js";
import type { EnginePort, PortParts } from "./engine-port.js";

/** An engine on this thread and what surrounds it. */
export interface LocalSurroundings {
  /** The engine, which may be another one after a restart. */
  readonly engine: Engine;
  /** Its time; µs. */
  readonly nowUs: number;
  /** The time for what is said to it now; µs. It may have been read earlier in this turn. */
  readonly saidUs: number;
  /** Its buffers. */
  readonly buffers: BufferRegistry;
  /** Lets the driver run soon: there is something to send. Never inside the call. */
  pump(): void;
}

/** The port of an engine that runs on this thread: commands take effect at once. */
export class LocalPort implements EnginePort {
  /** Timers on the engine's time. */
  readonly timers: Timers;
  /** What seals records. */
  readonly crypto: CryptoBackend;
  /** Where data keys come from. */
  readonly random: RandomSource;
  /** log2 of a record's plain bytes, where it was chosen. */
  readonly recordLog2: number | undefined;
  readonly #local: LocalSurroundings;

  /** Wraps an engine and its driver. */
  constructor(local: LocalSurroundings, parts: PortParts) {
    this.#local = local;
    this.timers = parts.timers;
    this.crypto = parts.crypto;
    this.random = parts.random;
    this.recordLog2 = parts.recordLog2;
  }

  /** The engine's time; µs. */
  get nowUs(): number {
    return this.#local.nowUs;
  }

  /** The buffers of own transfers. */
  get buffers(): BufferRegistry {
    return this.#local.buffers;
  }

  /** See {@link EnginePort}. */
  roundTripUs(path: PathId): number {
    return this.#local.engine.roundTripUs(path);
  }

  /** See {@link EnginePort}. */
  announce<O extends AnnounceOptions>(
    path: PathId,
    options: O,
    done: (result: AnnounceResult, options: O) => void,
  ): void {
    const { engine, saidUs } = this.#local;
    done(engine.announce(saidUs, path, options), options);
    this.#local.pump();
  }

  /** See {@link EnginePort}. */
  accept(transfer: Id64, placed?: PlacedAccept): void {
    const { engine, saidUs } = this.#local;
    engine.accept(saidUs, transfer, placed);
    this.#local.pump();
  }

  /** See {@link EnginePort}. */
  placed(transfer: Id64, bytes: number, spare?: Uint8Array): void {
    this.#local.engine.placed(transfer, bytes, spare);
    this.#local.pump();
  }

  /** See {@link EnginePort}. */
  reject(transfer: Id64): void {
    this.#local.engine.reject(transfer);
    this.#local.pump();
  }

  /** See {@link EnginePort}. */
  consume(transfer: Id64): void {
    this.#local.engine.consume(transfer);
    this.#local.pump();
  }

  /** See {@link EnginePort}. */
  cancel(transfer: Id64): void {
    this.#local.engine.cancel(transfer);
    this.#local.pump();
  }

  /** See {@link EnginePort}. */
  close(path: PathId, options: CloseOptions): void {
    const { engine, saidUs } = this.#local;
    engine.close(saidUs, path, options);
    this.#local.pump();
  }

  /** See {@link EnginePort}. */
  settleToken(token: Id64, outcome: TokenOutcome): void {
    this.#local.engine.settleToken(token, outcome);
    this.#local.pump();
  }
}
