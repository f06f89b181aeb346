import { type RandomSource, uniform } from "@proj/wire-types";
import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import { RmaHealth } from "../negotiate/rma-health.js";
import { RMA_PROVIDER_NUMBERS, type RmaOffer } from "../negotiate/transport-choice.js";
import type { RmaKey, RmaPath, RmaPort, RmaRead } from "../rma/rma-port.js";
import { Protection, WireLimit } from "../wire/constants.js";
import { id64 } from "../wire/id64.js";
import type { SimHost } from "./sim-host.js";

/** How simulated hosts read each other's memory, and what goes wrong with it. Probabilities are per read. */
export interface MemoryAccessOptions {
  /** From the last byte of a read until its reader knows; µs. */
  readonly delayUs: number;
  /** What one host reads, bytes per second. */
  readonly bytesPerSecond: number;
  /** A read ends with an error. */
  readonly failure?: number;
  /** A read brings another byte than was offered, as from memory that serves somebody else by then. */
  readonly corrupt?: number;
}

/** What {@link MemoryAccess} takes from its world. */
export interface MemoryAccessWorld {
  /** Randomness. */
  readonly random: RandomSource;
  /** Has something happen after so many µs. */
  readonly after: (us: number, run: () => void) => void;
  /** Gives a host what its card has for it, at once or when it is awake again. */
  readonly deliver: (host: number, take: (host: SimHost) => void) => void;
}

interface Offered {
  readonly keys: readonly RmaKey[];
  /** Gives its memory back. */
  readonly giveBack: () => void;
  uses: number;
  untilUs: number;
}

const MAX_READ_BYTES = 1_048_576;
/** How long memory stays as it is after a transfer failed: a read may be under way. spec/dcquic.md §16.3 */
const QUARANTINE_US = 2_000_000;
const PROVIDER = RMA_PROVIDER_NUMBERS.efa;
const NO_ADDRESS: Uint8Array = new Uint8Array(0);
const BASE = id64();

/**
 * A fabric over which simulated hosts read each other's memory.
 *
 * @see spec/dcquic.md §16.3, §23
 */
export class MemoryAccess {
  /** What is offered by all hosts, by key. */
  readonly regions: Map<number, Uint8Array> = new Map();
  /** How it behaves. */
  readonly options: MemoryAccessOptions;
  /** Where it is. */
  readonly world: MemoryAccessWorld;
  #nextKey = 0;

  /** Nothing is offered yet. */
  constructor(options: MemoryAccessOptions, world: MemoryAccessWorld) {
    this.options = options;
    this.world = world;
  }

  /** Opens a region; returns its key. */
  open(bytes: Uint8Array): RmaKey {
    const key = this.#nextKey++;
    this.regions.set(key, bytes);
    return { nic: 0, provider: PROVIDER, rkey: id64(0, key), base: BASE };
  }

  /** The bytes of a read as they are now; `undefined` where it fails. */
  bytesOf({ key, regionOffset, length }: RmaRead): Uint8Array | undefined {
    const { failure = 0, corrupt = 0 } = this.options;
    const { random } = this.world;
    const region = this.regions.get(key.rkey.lo);
    if (uniform(random) < failure || region === undefined) return undefined;
    if (regionOffset + length > region.length) return undefined;
    const bytes = region.slice(regionOffset, regionOffset + length);
    const isOther = uniform(random) < corrupt;
    const at = Math.floor(uniform(random) * length);
    if (isOther) bytes[at] = (bytes[at] ?? 0) ^ 0x5a;
    return bytes;
  }
}

/** The memory of one simulated host: what peers may read of it, and its own reads. */
export class HostMemory implements RmaPort {
  /** What its handshakes offer. */
  readonly offers: readonly RmaOffer[] = [
    { provider: PROVIDER, nic: 0, maxReadBytes: MAX_READ_BYTES, address: NO_ADDRESS },
  ];
  readonly #fabric: MemoryAccess;
  readonly #host: number;
  readonly #buffers: () => SimHost["buffers"];
  readonly #offered = new Map<RegisteredBuffer, Offered>();
  readonly #health = new Map<RmaPath["id"], RmaHealth>();
  #freeUs = Number.NEGATIVE_INFINITY;
  #starts = 0;

  /** Lends the memory of `buffers`, those of host number `host`. */
  constructor(fabric: MemoryAccess, host: number, buffers: () => SimHost["buffers"]) {
    this.#fabric = fabric;
    this.#host = host;
    this.#buffers = buffers;
  }

  /** See `RmaPort`. */
  offer(path: RmaPath, buffer: RegisteredBuffer): readonly RmaKey[] {
    const protection = buffer.sealing?.protection ?? Protection.Packet;
    if (protection === Protection.Packet || path.rmaOffers.length === 0) return [];
    let offered = this.#offered.get(buffer);
    if (offered === undefined) {
      const buffers = this.#buffers();
      const { regions } = buffers.share(buffer);
      if (regions.length > WireLimit.maxRma) return [];
      buffers.retain(buffer);
      const keys = regions.map((bytes) => this.#fabric.open(bytes));
      const giveBack = (): void => buffers.release(buffer);
      offered = { keys, giveBack, uses: 0, untilUs: Number.NEGATIVE_INFINITY };
      this.#offered.set(buffer, offered);
    }
    offered.uses += 1;
    return offered.keys;
  }

  /** See `RmaPort`. */
  withdraw(nowUs: number, buffer: RegisteredBuffer, how: "drained" | "failed"): void {
    const offered = this.#offered.get(buffer);
    if (offered === undefined) return;
    if (how === "failed") offered.untilUs = nowUs + QUARANTINE_US;
    offered.uses -= 1;
    if (offered.uses > 0) return;
    if (offered.untilUs <= nowUs) this.#close(buffer, offered);
    else this.#closeLater(offered.untilUs - nowUs, buffer, offered);
  }

  /** See `RmaPort`. */
  read(nowUs: number, path: RmaPath, read: RmaRead): boolean {
    if (read.length > MAX_READ_BYTES || !this.#healthOf(path.id).isUp(nowUs)) return false;
    const { delayUs, bytesPerSecond } = this.#fabric.options;
    const { after, deliver } = this.#fabric.world;
    this.#freeUs = Math.max(this.#freeUs, nowUs) + (read.length / bytesPerSecond) * 1e6;
    const start = this.#starts;
    after(this.#freeUs + delayUs - nowUs, () =>
      deliver(this.#host, (host) => {
        // A host that crashed meanwhile asked for nothing.
        if (start === this.#starts) this.#end(host, read);
      }),
    );
    return true;
  }

  /** Forgets everything, as its host did: what was offered can be read no more. */
  forget(): void {
    for (const { keys } of this.#offered.values()) this.#revoke(keys);
    this.#offered.clear();
    this.#health.clear();
    this.#freeUs = Number.NEGATIVE_INFINITY;
    this.#starts += 1;
  }

  #end(host: SimHost, read: RmaRead): void {
    const bytes = this.#fabric.bytesOf(read);
    if (bytes !== undefined) host.engine.rmaArrived(host.nowUs, read, bytes, 0);
    else {
      const isDown = this.#healthOf(read.path).failed(host.nowUs);
      host.engine.rmaFailed(read, isDown ? "downgraded" : "once");
    }
    host.pump();
  }

  #healthOf(path: RmaPath["id"]): RmaHealth {
    let health = this.#health.get(path);
    if (health === undefined) this.#health.set(path, (health = new RmaHealth()));
    return health;
  }

  #closeLater(us: number, buffer: RegisteredBuffer, offered: Offered): void {
    this.#fabric.world.after(us, () => {
      if (offered.uses === 0 && this.#offered.get(buffer) === offered) this.#close(buffer, offered);
    });
  }

  #close(buffer: RegisteredBuffer, { keys, giveBack }: Offered): void {
    this.#offered.delete(buffer);
    this.#revoke(keys);
    giveBack();
  }

  #revoke(keys: readonly RmaKey[]): void {
    for (const { rkey } of keys) this.#fabric.regions.delete(rkey.lo);
  }
}
