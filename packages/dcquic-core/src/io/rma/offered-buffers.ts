import type { RmaEndpoint, RmaRegion } from "@proj/native-io";
import type { BufferRegistry } from "../../buffer/buffer-registry.js";
import type { RegisteredBuffer } from "../../buffer/registered-buffer.js";
import type { RmaKey } from "../../rma/rma-port.js";
import { id64, type Id64 } from "../../wire/id64.js";

/** How long memory stays as it is after a transfer failed: a read may be under way. spec/dcquic.md §16.3 */
const QUARANTINE_US = 2_000_000;

interface Offered {
  readonly buffer: RegisteredBuffer;
  readonly regions: readonly RmaRegion[];
  readonly keys: readonly RmaKey[];
  uses: number;
  /** Until when it stays registered although nobody uses it. */
  untilUs: number;
}

/** Buffers whose memory is registered for the reads of peers: once each, however many transfers it serves. */
export class OfferedBuffers {
  readonly #endpoint: RmaEndpoint;
  readonly #buffers: BufferRegistry;
  readonly #offered = new Map<RegisteredBuffer, Offered>();
  #resting = 0;

  /** Registers with `endpoint`; `buffers` keeps what is registered from being reused. */
  constructor(endpoint: RmaEndpoint, buffers: BufferRegistry) {
    this.#endpoint = endpoint;
    this.#buffers = buffers;
  }

  /** How many buffers are registered. */
  get size(): number {
    return this.#offered.size;
  }

  /** The keys of a buffer, which is registered at its first use. */
  open(buffer: RegisteredBuffer, nic: number, provider: number): readonly RmaKey[] {
    const known = this.#offered.get(buffer);
    if (known !== undefined) {
      if (known.uses === 0) this.#resting -= 1;
      known.uses += 1;
      return known.keys;
    }
    const regions: RmaRegion[] = [];
    try {
      for (const bytes of this.#buffers.share(buffer).regions) {
        regions.push(this.#endpoint.register(bytes, { remoteRead: true, remoteWrite: false }));
      }
    } catch {
      // Registered memory is limited: what it has no room for comes by UDP.
      for (const region of regions) region.deregister();
      return [];
    }
    this.#buffers.retain(buffer);
    const keys = regions.map(({ key, base }) => ({
      nic,
      provider,
      rkey: idOf(key),
      base: idOf(base),
    }));
    this.#offered.set(buffer, {
      buffer,
      regions,
      keys,
      uses: 1,
      untilUs: Number.NEGATIVE_INFINITY,
    });
    return keys;
  }

  /** Ends one use. After the last one memory is given back, at once or when no late read can be under way. */
  close(nowUs: number, buffer: RegisteredBuffer, how: "drained" | "failed"): void {
    const offered = this.#offered.get(buffer);
    if (offered === undefined) return;
    if (how === "failed") offered.untilUs = nowUs + QUARANTINE_US;
    offered.uses -= 1;
    if (offered.uses > 0) return;
    this.#resting += 1;
    this.sweep(nowUs);
  }

  /** Gives back what rested long enough. */
  sweep(nowUs: number): void {
    if (this.#resting === 0) return;
    for (const offered of this.#offered.values()) {
      if (offered.uses === 0 && nowUs >= offered.untilUs) this.#giveBack(offered);
    }
  }

  /** Gives back everything: the endpoint is closed, so nobody reads any more. */
  clear(): void {
    for (const { buffer } of this.#offered.values()) this.#buffers.release(buffer);
    this.#offered.clear();
    this.#resting = 0;
  }

  #giveBack({ buffer, regions }: Offered): void {
    this.#resting -= 1;
    this.#offered.delete(buffer);
    for (const region of regions) region.deregister();
    this.#buffers.release(buffer);
  }
}

const WORD = 32n;
const LOW = 0xffff_ffffn;

function idOf(value: bigint): Id64 {
  return id64(Number(value >> WORD), Number(value & LOW));
}
