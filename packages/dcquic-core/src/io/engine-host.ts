import type { Rma } from "@proj/native-io";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import { BufferRegistry } from "../buffer/buffer-registry.js";
import type { CryptoBackend } from "../crypto/backend.js";
import { resetToken } from "../crypto/secret-control-seal.js";
import type { EngineConfig } from "../engine/config.js";
import { Engine } from "../engine/engine.js";
import type { EngineEvent } from "../engine/events.js";
import { isOfMessage } from "../engine/message-event.js";
import { UnknownSecretAnswers } from "../path/unknown-path-secret.js";
import { encodeSecretControl } from "../wire/secret-control.js";
import type { HandedPacket, OutgoingPacket, UdpAddress } from "./peer-addresses.js";
import { RmaSide, type RmaSideOptions } from "./rma/rma-side.js";

/** What every driver is told about the engine it runs. */
export interface EngineHostOptions {
  /** What differs from the defaults of the driver. */
  readonly config?: Partial<EngineConfig>;
  /** Bytes that the buffers of own transfers may take; 256 MiB if absent. */
  readonly bufferBytes?: number;
  /** The buffers of own transfers, where several engines share them; new ones if absent. */
  readonly buffers?: BufferRegistry;
  /** The cryptography; the best that the driver has if absent. */
  readonly crypto?: CryptoBackend;
  /** Memory access for bulk bytes; hardware that is here if absent, nothing where `false`. */
  readonly rma?: RmaSideOptions | false;
  /** 32 bytes that survive restarts: without them peers cannot tell that this process forgot them. */
  readonly resetSigner: Uint8Array;
  /** Is told what the engine tells. */
  readonly onEvent: (event: EngineEvent) => void;
  /** Takes datagrams that belong to another worker; they are dropped if absent. D-33 */
  readonly onForeign?: (packet: HandedPacket) => void;
  /** Takes what a driver is to send by others; it is dropped if absent. §18 */
  readonly onOutgoing?: (packet: OutgoingPacket) => void;
}

/** What a driver lends to its engine. */
export interface EngineSurroundings {
  /** The configuration, complete but for its defaults. */
  readonly config: Partial<EngineConfig>;
  /** The cryptography where none was chosen. */
  readonly crypto: CryptoBackend;
  /** The address behind a number; `undefined` if it is forgotten. */
  readonly addressOf: (address: number) => UdpAddress | undefined;
  /** Memory access, for a driver that polls. */
  readonly rma?: Rma;
  /** Sends a datagram that is no packet of the engine. */
  readonly send: (datagram: Uint8Array, address: number) => void;
}

const DEFAULT_BUFFER_BYTES = 256 * 1024 * 1024;

/** An engine in its process: with a clock, randomness, buffers, and an answer to packets of paths that nobody knows. */
export class EngineHost {
  /** The engine. */
  readonly engine: Engine;
  /** The buffers of own transfers. */
  readonly buffers: BufferRegistry;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** Memory access, where the driver makes progress for it. */
  readonly rma: RmaSide | undefined;
  readonly #options: EngineHostOptions;
  readonly #surroundings: EngineSurroundings;
  readonly #answers = new UnknownSecretAnswers();

  /** @throws RangeError for a configuration that contradicts itself. */
  constructor(options: EngineHostOptions, surroundings: EngineSurroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.crypto = options.crypto ?? surroundings.crypto;
    this.buffers =
      options.buffers ?? new BufferRegistry(options.bufferBytes ?? DEFAULT_BUFFER_BYTES);
    this.rma =
      options.rma === false || surroundings.rma === undefined
        ? undefined
        : RmaSide.open(surroundings.rma, this.buffers, options.rma ?? {});
    this.engine = new Engine({
      config: { ...surroundings.config, ...options.config },
      crypto: this.crypto,
      random: systemRandom,
      buffers: this.buffers,
      nowUs: systemTime.nowUs(),
      ...(this.rma === undefined || this.rma.offers.length === 0 ? {} : { rma: this.rma }),
    });
  }

  /** Passes on what the engine has to tell. */
  tellEvents(): void {
    const { engine } = this;
    for (let event = engine.nextEvent(); event !== undefined; event = engine.nextEvent()) {
      if (!isOfMessage(event) && event.kind === "unknownCredential") this.#answer(event);
      this.#options.onEvent(event);
    }
    this.#handOver();
  }

  #handOver(): void {
    const { engine } = this;
    for (let packet = engine.nextForeign(); packet !== undefined; packet = engine.nextForeign()) {
      const { home, ecn, datagram, address } = packet;
      const from = this.#surroundings.addressOf(address);
      if (from !== undefined) this.#options.onForeign?.({ home, from, ecn, datagram });
    }
  }

  #answer(event: EngineEvent & { kind: "unknownCredential" }): void {
    const { address, credentialId, packetBytes } = event;
    const source = this.#surroundings.addressOf(address);
    if (source === undefined) return;
    // One name for all ports of a host.
    if (!this.#answers.allow(systemTime.nowUs(), source.host, packetBytes)) return;
    const token = resetToken(this.crypto, this.#options.resetSigner, credentialId);
    const answer = encodeSecretControl({ kind: "unknownPathSecret", credentialId, token });
    this.#surroundings.send(answer, address);
  }
}
