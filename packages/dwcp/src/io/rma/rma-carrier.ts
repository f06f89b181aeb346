import type { RmaCompletion, RmaEndpoint, RmaPeer } from "@proj/native-io";
import { formatHex, parseHex } from "@proj/wire-types";
import type { SessionEvent } from "../../session/session-events.js";
import type { UnitMemory } from "../../transfer/unit-memory.js";
import type { MemoryMessage } from "../../wire/memory-message.js";
import { nowUs } from "../net/node-context.js";
import type { SessionHost } from "../net/session-host.js";
import { MemorySlots } from "./memory-slots.js";

type Announced = Extract<SessionEvent, { kind: "unitAnnounced" }>;

/** Below this, a frame that holds the bytes is cheaper than one that says where they are. */
const LEAST_BYTES = 16_384;
const SLOTS = 16;
const SLOT_BYTES = 1_056_768;
/** Announced units that may wait for a slot; a peer has no more slots than this side. */
const MOST_WAITING = 4 * SLOTS;

interface Link {
  readonly peer: RmaPeer;
  readonly key: bigint;
  readonly base: bigint;
  readonly bytes: number;
}

interface Fetch {
  readonly host: SessionHost;
  readonly announced: Announced;
}

/**
 * Brings the encoded bytes of units past the streams: the sender copies them into memory that it opened, the receiver reads
 * them there. Everything else, and every unit that cannot be read, goes by the streams.
 *
 * ```
 * MEMORY (mine) ─▶ ◀─ MEMORY (the peer's; it reaches mine) ─▶ units are lent      read fails ─NACK─▶ streams again
 * ```
 *
 * @see spec/dwcp.md B14
 */
export class RmaCarrier {
  readonly #endpoint: RmaEndpoint;
  readonly #open: MemorySlots;
  readonly #arriving: MemorySlots;
  readonly #links = new Map<SessionHost, Link>();
  readonly #reads = new Map<number, Fetch & { readonly slot: number }>();
  #waiting: Fetch[] = [];
  #isPolling = false;
  #isClosed = false;
  #lentBytes = 0;
  #readBytes = 0;

  private constructor(endpoint: RmaEndpoint) {
    this.#endpoint = endpoint;
    const open = { remoteRead: true, remoteWrite: false };
    this.#open = new MemorySlots(endpoint, SLOTS, SLOT_BYTES, open);
    const own = { remoteRead: false, remoteWrite: false };
    this.#arriving = new MemorySlots(endpoint, SLOTS, SLOT_BYTES, own);
  }

  /** Makes a carrier of an endpoint, which it closes. @throws NativeIoError where its memory cannot be registered. */
  static on(endpoint: RmaEndpoint): RmaCarrier {
    try {
      return new RmaCarrier(endpoint);
    } catch (error) {
      endpoint.close();
      throw error;
    }
  }

  /** Encoded bytes that went through memory, out and in. */
  get traffic(): { readonly lentBytes: number; readonly readBytes: number } {
    return { lentBytes: this.#lentBytes, readBytes: this.#readBytes };
  }

  /** A session has its first stream: the peer hears of the memory here, where both agreed on it. */
  greet(host: SessionHost): void {
    if (host.session.options.identity.capabilities.providers.includes("rdma")) {
      this.#say(host, false);
    }
  }

  /** The peer opened memory, or reaches this side's. */
  hear(host: SessionHost, message: MemoryMessage): void {
    if (this.#isClosed) return;
    if (!this.#links.has(host) && this.#connect(host, message)) this.#say(host, true);
    if (message.reaches) host.session.sending.lent.memory = this.#memoryOf(host);
  }

  /** A unit of the peer's lies in its memory. */
  fetch(host: SessionHost, announced: Announced): void {
    this.#waiting.push({ host, announced });
    if (this.#waiting.length > MOST_WAITING) this.#refuse(this.#waiting.shift());
    this.#advance();
    this.#keepPolling();
  }

  /** A session is over. */
  forget(host: SessionHost): void {
    this.#waiting = this.#waiting.filter((each) => each.host !== host);
    const link = this.#links.get(host);
    this.#links.delete(host);
    if (link !== undefined && !this.#isClosed) this.#endpoint.disconnect(link.peer);
  }

  /** Closes the endpoint; what is announced from then on comes by streams. */
  close(): void {
    this.#isClosed = true;
    this.#links.clear();
    this.#waiting = [];
    this.#reads.clear();
    this.#endpoint.close();
  }

  #say(host: SessionHost, reaches: boolean): void {
    const { provider, address } = this.#endpoint;
    const { key, base, size } = this.#open.region;
    host.session.say({
      kind: "MEMORY",
      provider: provider.name,
      address: formatHex(address),
      key: hexOf(key),
      base: hexOf(base),
      bytes: size,
      reaches,
    });
    host.stir();
  }

  #connect(host: SessionHost, { provider, address, key, base, bytes }: MemoryMessage): boolean {
    if (provider !== this.#endpoint.provider.name) return false;
    try {
      const peer = this.#endpoint.connect(parseHex(address));
      this.#links.set(host, { peer, key: BigInt(`0x${key}`), base: BigInt(`0x${base}`), bytes });
      return true;
    } catch {
      // An address that the provider does not understand: streams it is.
      return false;
    }
  }

  #memoryOf(host: SessionHost): UnitMemory {
    let isTrusted = true;
    return {
      lend: (encoded) => {
        const isWorth = encoded.length >= LEAST_BYTES && encoded.length <= SLOT_BYTES;
        if (!isTrusted || this.#isClosed || !isWorth || !this.#links.has(host)) return undefined;
        const offset = this.#open.take();
        if (offset === undefined) return undefined;
        this.#open.bytes.set(encoded, offset);
        this.#lentBytes += encoded.length;
        this.#keepPolling();
        return offset;
      },
      giveBack: (offset) => this.#open.give(offset),
      failed: () => {
        isTrusted = false;
      },
    };
  }

  #advance(): void {
    while (this.#waiting.length > 0) {
      const slot = this.#arriving.take();
      if (slot === undefined) return;
      const fetch = this.#waiting.shift();
      if (fetch === undefined) return this.#arriving.give(slot);
      const posted = this.#post(fetch, slot);
      if (typeof posted === "number") {
        this.#reads.set(posted, { ...fetch, slot });
        continue;
      }
      this.#arriving.give(slot);
      if (posted === "refused") this.#refuse(fetch);
      else {
        this.#waiting.unshift(fetch);
        return;
      }
    }
  }

  #post({ host, announced: { unit } }: Fetch, slot: number): number | "refused" | "later" {
    const link = this.#links.get(host);
    const { encodedBytes: length, offset } = unit;
    if (link === undefined || length > SLOT_BYTES || offset > link.bytes - length) return "refused";
    try {
      const posted = this.#endpoint.read({
        peer: link.peer,
        local: this.#arriving.region,
        offset: slot,
        length,
        remoteAddress: link.base + BigInt(offset),
        remoteKey: link.key,
      });
      return posted.kind === "posted" ? posted.id : "later";
    } catch {
      return "refused";
    }
  }

  #refuse(fetch: Fetch | undefined): void {
    if (fetch === undefined) return;
    const { streamIndex, handle, unit } = fetch.announced;
    fetch.host.session.unfetched(streamIndex, handle, unit.unitId);
    fetch.host.stir();
  }

  // Software providers move bytes, the peer's reads too, only while they are polled.
  #keepPolling(): void {
    if (this.#isPolling || this.#isClosed) return;
    this.#isPolling = true;
    setImmediate(() => {
      this.#isPolling = false;
      if (this.#isClosed) return;
      for (const completion of this.#endpoint.poll()) this.#end(completion);
      this.#advance();
      const isBusy = this.#reads.size > 0 || this.#waiting.length > 0 || this.#open.lent > 0;
      if (isBusy) this.#keepPolling();
    });
  }

  #end({ id, failure }: RmaCompletion): void {
    const read = this.#reads.get(id);
    if (read === undefined) return;
    this.#reads.delete(id);
    const { host, announced, slot } = read;
    const { streamIndex, handle, unit } = announced;
    if (failure === undefined) {
      this.#readBytes += unit.encodedBytes;
      // A copy: the slot is lent again at once.
      const payload = new Uint8Array(unit.head.length + unit.encodedBytes);
      payload.set(unit.head);
      payload.set(this.#arriving.bytes.subarray(slot, slot + unit.encodedBytes), unit.head.length);
      host.session.fetched(nowUs(), streamIndex, handle, payload);
      host.stir();
    } else this.#refuse(read);
    this.#arriving.give(slot);
  }
}

function hexOf(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, "0");
}
