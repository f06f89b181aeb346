import type { Rma, RmaCompletion } from "@proj/native-io";
import { asWireError } from "@proj/wire-types";
import type { BufferRegistry } from "../../buffer/buffer-registry.js";
import type { RegisteredBuffer } from "../../buffer/registered-buffer.js";
import type { Engine } from "../../engine/engine.js";
import type { PathId } from "../../engine/events.js";
import {
  chooseTransport,
  RMA_HARDWARE,
  RMA_PROVIDER_NUMBERS,
  type RmaOffer,
  type RmaProviderName,
} from "../../negotiate/transport-choice.js";
import type { RmaKey, RmaPath, RmaPort, RmaRead } from "../../rma/rma-port.js";
import { Protection, WireLimit } from "../../wire/constants.js";
import type { Id64 } from "../../wire/id64.js";
import { OfferedBuffers } from "./offered-buffers.js";
import { ReadSlots } from "./read-slots.js";
import { type RmaLane, RmaLink } from "./rma-link.js";

/** Which providers of memory access a driver uses. */
export interface RmaSideOptions {
  /** Providers that are tried; hardware if absent. Software ones serve tests and hosts without such hardware. */
  readonly providers?: readonly RmaProviderName[];
  /** Address of the interface that network providers use; theirs to choose if absent. */
  readonly source?: string;
}

const READ_SLOTS = 64;
const SLOT_BYTES = 65_536;
const MAX_READ_BYTES = 1_048_576;

interface Pending {
  readonly read: RmaRead;
  readonly link: RmaLink;
  readonly slot: number;
}

/**
 * Memory access for one engine, through the providers that libfabric lends: opens own buffers to peers, reads theirs.
 *
 * Whatever fails comes by UDP: a provider that is missing, memory that cannot be registered, a read that goes wrong.
 *
 * @see spec/dcquic.md §16.3, §16.4
 */
export class RmaSide implements RmaPort {
  /** What a HELLO says of it. */
  readonly offers: readonly RmaOffer[];
  /** What was asked for and is missing: one line each. */
  readonly notes: readonly string[];
  readonly #lanes: readonly RmaLane[];
  readonly #links = new Map<PathId, RmaLink | undefined>();
  readonly #pending = new Map<RmaLane, Map<number, Pending>>();
  #bytesRead = 0;

  private constructor(lanes: readonly RmaLane[], notes: readonly string[]) {
    this.#lanes = lanes;
    this.notes = notes;
    this.offers = lanes.map(({ offer }) => offer);
    for (const lane of lanes) this.#pending.set(lane, new Map());
  }

  /** Opens an endpoint for each provider that is there; others are named in `notes`. */
  static open(rma: Rma, buffers: BufferRegistry, options: RmaSideOptions): RmaSide {
    const { providers = RMA_HARDWARE, source } = options;
    const there = new Set(rma.providers().map(({ name }) => name));
    const lanes: RmaLane[] = [];
    const notes: string[] = [];
    for (const name of providers) {
      if (!there.has(name)) {
        notes.push(`rma: ${name} is not here`);
        continue;
      }
      try {
        lanes.push(openLane(rma, buffers, name, name === "shm" ? undefined : source));
      } catch (thrown) {
        notes.push(`rma: ${name}: ${asWireError(thrown).message}`);
      }
    }
    return new RmaSide(lanes, notes);
  }

  /** Bytes that were read from peers' memory. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Whether anything is under way, here or at peers that may read: progress is made by polling only. */
  get isActive(): boolean {
    return this.#lanes.some(
      (lane) => lane.offered.size > 0 || (this.#pending.get(lane)?.size ?? 0) > 0,
    );
  }

  /** See {@link RmaPort}. */
  offer(path: RmaPath, buffer: RegisteredBuffer): readonly RmaKey[] {
    // Plaintext is for the peer of one path, and a key is no access control.
    const protection = buffer.sealing?.protection ?? Protection.Packet;
    if (protection === Protection.Packet) return [];
    const lane = this.#linkOf(path)?.lane;
    if (lane === undefined) return [];
    const { nic, provider } = lane.offer;
    const keys = lane.offered.open(buffer, nic, provider);
    if (keys.length <= WireLimit.maxRma) return keys;
    // More regions than an announcement can name: it goes by UDP.
    lane.offered.close(0, buffer, "drained");
    return [];
  }

  /** See {@link RmaPort}. */
  withdraw(nowUs: number, buffer: RegisteredBuffer, how: "drained" | "failed"): void {
    for (const { offered } of this.#lanes) offered.close(nowUs, buffer, how);
  }

  /** See {@link RmaPort}. */
  read(nowUs: number, path: RmaPath, read: RmaRead): boolean {
    const link = this.#linkOf(path);
    if (link === undefined || !link.health.isUp(nowUs)) return false;
    const { lane } = link;
    if (read.key.provider !== lane.offer.provider || read.length > link.maxReadBytes) return false;
    const slot = lane.slots.take();
    if (slot === undefined) return false;
    const posted = this.#post(link, read, slot);
    if (posted === undefined) lane.slots.give(slot);
    else this.#pending.get(lane)?.set(posted, { read, link, slot });
    return posted !== undefined;
  }

  /** Makes progress, for peers too, and tells the engine what arrived. Returns how many reads ended. */
  poll(nowUs: number, engine: Engine): number {
    let ended = 0;
    for (const lane of this.#lanes) {
      for (const completion of completionsOf(lane)) {
        const pending = this.#pending.get(lane)?.get(completion.id);
        if (pending === undefined) continue;
        this.#pending.get(lane)?.delete(completion.id);
        this.#end(nowUs, engine, pending, completion);
        ended += 1;
      }
      lane.offered.sweep(nowUs);
    }
    return ended;
  }

  /** Closes the endpoints. */
  close(): void {
    for (const { endpoint, offered } of this.#lanes) {
      endpoint.close();
      offered.clear();
    }
  }

  #end(nowUs: number, engine: Engine, pending: Pending, { failure }: RmaCompletion): void {
    const { read, link, slot } = pending;
    const { slots } = link.lane;
    if (failure === undefined) {
      this.#bytesRead += read.length;
      engine.rmaArrived(nowUs, read, slots.bytes, slot);
    } else engine.rmaFailed(read, link.health.failed(nowUs) ? "downgraded" : "once");
    slots.give(slot);
  }

  #post({ lane, peer }: RmaLink, read: RmaRead, slot: number): number | undefined {
    try {
      const posted = lane.endpoint.read({
        peer,
        local: lane.slots.region,
        offset: slot,
        length: read.length,
        remoteAddress: valueOf(read.key.base) + BigInt(read.regionOffset),
        remoteKey: valueOf(read.key.rkey),
      });
      return posted.kind === "posted" ? posted.id : undefined;
    } catch {
      // The key or the place is one that the provider refuses outright.
      return undefined;
    }
  }

  #linkOf({ id, rmaOffers }: RmaPath): RmaLink | undefined {
    if (this.#links.has(id)) return this.#links.get(id);
    const choice = chooseTransport(this.offers, rmaOffers);
    let link: RmaLink | undefined;
    if (choice.kind === "rma") {
      const lane = this.#lanes.find(({ offer }) => offer === choice.own);
      try {
        link = lane === undefined ? undefined : new RmaLink(lane, choice.peer);
      } catch {
        // An address that this provider does not understand: UDP it is.
        link = undefined;
      }
    }
    this.#links.set(id, link);
    return link;
  }
}

function openLane(
  rma: Rma,
  buffers: BufferRegistry,
  name: RmaProviderName,
  source: string | undefined,
): RmaLane {
  const endpoint = rma.open({ provider: name, ...(source === undefined ? {} : { source }) });
  try {
    return {
      endpoint,
      offered: new OfferedBuffers(endpoint, buffers),
      slots: new ReadSlots(endpoint, READ_SLOTS, SLOT_BYTES),
      offer: {
        provider: RMA_PROVIDER_NUMBERS[name],
        nic: 0,
        maxReadBytes: Math.min(MAX_READ_BYTES, endpoint.provider.maxTransferBytes),
        address: endpoint.address,
      },
    };
  } catch (error) {
    endpoint.close();
    throw error;
  }
}

function completionsOf({ endpoint }: RmaLane): readonly RmaCompletion[] {
  return endpoint.poll();
}

function valueOf(id: Id64): bigint {
  return (BigInt(id.hi >>> 0) << 32n) | BigInt(id.lo >>> 0);
}
