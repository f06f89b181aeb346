import { type Direction, deriveSecretControlKey } from "../crypto/key-schedule.js";
import type { ControlKeySource } from "../crypto/packet-protection.js";
import { DerivationBudget, ReceiveKeys } from "../crypto/receive-keys.js";
import { SendKeys } from "../crypto/send-keys.js";
import type { EngineConfig } from "./config.js";
import type { FirstCounters } from "./first-counters.js";

/** What keys of a path are derived from; the direction is that of what is sent. */
export interface PathKeySource extends Omit<ControlKeySource, "worker"> {
  /** Of the engine. */
  readonly config: EngineConfig;
  /** Where keys and packet numbers begin. */
  readonly counters: FirstCounters;
}

/**
 * The keys of a path, each derived when it is used first.
 *
 * @see spec/dcquic.md §7.3
 */
export class PathKeys {
  readonly #source: PathKeySource;
  #send: SendKeys | undefined;
  #ownMac: Uint8Array | undefined;
  #peerMac: Uint8Array | undefined;
  #budget: DerivationBudget | undefined;

  /** Derives from `source`. */
  constructor(source: PathKeySource) {
    this.#source = source;
  }

  /** Numbers and seals what is sent. */
  get send(): SendKeys {
    if (this.#send === undefined) {
      const { config, counters, direction } = this.#source;
      this.#send = new SendKeys(this.#of(direction, config.worker), config.rotation, counters);
    }
    return this.#send;
  }

  /** Authenticates own secret-control packets. */
  get ownMac(): Uint8Array {
    this.#ownMac ??= this.#macOf(this.#source.direction);
    return this.#ownMac;
  }

  /** Verifies the peer's. */
  get peerMac(): Uint8Array {
    this.#peerMac ??= this.#macOf(this.#peerDirection);
    return this.#peerMac;
  }

  /** Makes what opens the packets of a worker of the peer. All of them share one budget of derivations. */
  receive(worker: number): ReceiveKeys {
    this.#budget ??= new DerivationBudget();
    const source = this.#of(this.#peerDirection, worker);
    return new ReceiveKeys(source, this.#budget, this.#source.counters.keyId);
  }

  get #peerDirection(): Direction {
    return this.#source.direction === 0 ? 1 : 0;
  }

  #of(direction: Direction, worker: number): ControlKeySource {
    const { crypto, pathSecret, aead, derived } = this.#source;
    return { crypto, pathSecret, aead, direction, worker, ...(derived && { derived }) };
  }

  #macOf(direction: Direction): Uint8Array {
    return deriveSecretControlKey(this.#source.crypto, this.#source.pathSecret, direction);
  }
}
