import { errnoName, NativeIoError } from "../errors.js";
import type { RmaProvider } from "./rma.js";
import {
  providerOf,
  type RmaAddon,
  type RmaEndpointHandle,
  type RmaRegionHandle,
} from "./rma-addon.js";
import type {
  RmaCompletion,
  RmaEndpoint,
  RmaPeer,
  RmaPosted,
  RmaRegion,
  RmaRights,
  RmaTransfer,
} from "./rma-endpoint.js";
import { rmaError, rmaErrorName } from "./rma-errors.js";
import { checkTransfer, randomKey } from "./transfer-checks.js";

/** Rows of one poll: id, errno, provider's errno. */
const ROWS = 64;
const ROW_WORDS = 3;
/** A random key that is taken is drawn again, so often. */
const KEY_DRAWS = 8;
const FI_ENOKEY = -266;

/** What is known of a peer. A failed transfer may have poisoned its connection, for good with some providers. */
interface PeerState {
  /** Where the addon keeps its address; given to another peer after it was disconnected. */
  readonly slot: number;
  kind: "usable" | "poisoned";
  /** Its transfers under way. */
  underWay: number;
}

/** An endpoint of libfabric. */
export class NativeRmaEndpoint implements RmaEndpoint {
  readonly provider: RmaProvider;
  readonly address: Uint8Array;
  recoveries = 0;
  readonly #addon: RmaAddon;
  readonly #keyBytes: number;
  readonly #rows = new Int32Array(ROWS * ROW_WORDS);
  readonly #peers = new Map<RmaPeer, PeerState>();
  // Ids are handed out again only when they are free: completions are told apart by them.
  readonly #peerOf: (PeerState | undefined)[];
  readonly #freeIds: number[];
  readonly #handles = new WeakMap<RmaRegion, RmaRegionHandle>();
  #handle: RmaEndpointHandle | undefined;
  #connected = 0;

  constructor(addon: RmaAddon, handle: RmaEndpointHandle, maxTransfers: number) {
    const description = addon.describe(handle);
    this.#addon = addon;
    this.#handle = handle;
    this.#keyBytes = Math.min(description.keyBytes, 8);
    this.#freeIds = Array.from({ length: maxTransfers }, (_, i) => maxTransfers - 1 - i);
    this.#peerOf = Array.from({ length: maxTransfers }, () => undefined);
    this.provider = providerOf(description);
    this.address = description.address;
  }

  register(bytes: Uint8Array, rights: RmaRights): RmaRegion {
    const endpoint = this.#open();
    const { remoteRead, remoteWrite } = rights;
    for (let draw = 1; ; draw++) {
      const key = this.provider.choosesKeys ? 0n : randomKey(this.#keyBytes);
      const made = this.#addon.register(endpoint, bytes, remoteRead, remoteWrite, key);
      if (typeof made !== "number") {
        const region = new NativeRmaRegion(made.key, made.base, bytes.length, () =>
          this.#deregister(made.handle),
        );
        this.#handles.set(region, made.handle);
        return region;
      }
      if (made !== FI_ENOKEY || draw === KEY_DRAWS) throw rmaError(this.#addon, "register", made);
    }
  }

  connect(address: Uint8Array): RmaPeer {
    const slot = this.#addon.connect(this.#open(), address);
    if (slot < 0) throw rmaError(this.#addon, "connect", slot);
    const peer = this.#connected++ as RmaPeer;
    this.#peers.set(peer, { slot, kind: "usable", underWay: 0 });
    return peer;
  }

  disconnect(peer: RmaPeer): void {
    const answer = this.#addon.disconnect(this.#open(), this.#peer(peer).slot);
    if (answer < 0) throw rmaError(this.#addon, "disconnect", answer);
    this.#peers.delete(peer);
  }

  read(transfer: RmaTransfer): RmaPosted {
    return this.#post(transfer, "read");
  }

  write(transfer: RmaTransfer): RmaPosted {
    return this.#post(transfer, "write");
  }

  poll(): readonly RmaCompletion[] {
    const count = this.#addon.poll(this.#open(), this.#rows);
    if (count < 0) throw rmaError(this.#addon, "poll", count);
    const completions: RmaCompletion[] = [];
    for (let row = 0; row < count; row++) {
      const [id = -1, errno = 0, providerErrno = 0] = this.#rows.subarray(row * ROW_WORDS);
      const peer = this.#peerOf[id];
      // A completion of nothing that was posted: some providers report a lost connection like that.
      if (peer === undefined) continue;
      this.#finish(id, peer, errno);
      const reason = errno === 0 ? "" : rmaErrorName(this.#addon, -errno);
      completions.push(errno === 0 ? { id } : { id, failure: { reason, errno, providerErrno } });
    }
    return completions;
  }

  close(): void {
    if (this.#handle !== undefined) this.#addon.close(this.#handle);
    this.#handle = undefined;
  }

  #post(transfer: RmaTransfer, direction: "read" | "write"): RmaPosted {
    const endpoint = this.#open();
    const { offset, length, local } = transfer;
    checkTransfer(transfer, this.provider);
    const peer = this.#peer(transfer.peer);
    if (!this.#recover(endpoint, peer)) return { kind: "backPressured" };
    const region = this.#handles.get(local);
    if (region === undefined) throw new TypeError("a region of another endpoint");
    const id = this.#freeIds.at(-1);
    if (id === undefined) return { kind: "backPressured" };
    const { remoteAddress, remoteKey } = transfer;
    const answer = this.#addon.transfer(
      endpoint,
      direction === "write",
      peer.slot,
      region,
      offset,
      length,
      remoteAddress,
      remoteKey,
      id,
    );
    if (answer < 0) {
      if (errnoName(answer) === "EAGAIN") return { kind: "backPressured" };
      throw rmaError(this.#addon, direction, answer);
    }
    this.#freeIds.pop();
    this.#peerOf[id] = peer;
    peer.underWay++;
    return { kind: "posted", id };
  }

  /** Makes the connection anew after a failure; false while others of its transfers are under way. */
  #recover(endpoint: RmaEndpointHandle, peer: PeerState): boolean {
    if (peer.kind === "usable") return true;
    if (peer.underWay > 0) return false;
    const answer = this.#addon.reconnect(endpoint, peer.slot);
    if (answer < 0) throw rmaError(this.#addon, "reconnect", answer);
    peer.kind = "usable";
    this.recoveries++;
    return true;
  }

  #finish(id: number, peer: PeerState, errno: number): void {
    if (errno !== 0) peer.kind = "poisoned";
    peer.underWay--;
    this.#peerOf[id] = undefined;
    this.#freeIds.push(id);
  }

  #deregister(region: RmaRegionHandle): void {
    // With its endpoint went the registration.
    if (this.#handle === undefined) return;
    const answer = this.#addon.deregister(this.#handle, region);
    if (answer < 0) throw rmaError(this.#addon, "deregister", answer);
  }

  #peer(peer: RmaPeer): PeerState {
    const state = this.#peers.get(peer);
    if (state === undefined) throw new TypeError("a peer of another endpoint, or disconnected");
    return state;
  }

  #open(): RmaEndpointHandle {
    if (this.#handle === undefined) {
      throw new NativeIoError("native_io.closed", "endpoint is closed");
    }
    return this.#handle;
  }
}

class NativeRmaRegion implements RmaRegion {
  readonly key: bigint;
  readonly base: bigint;
  readonly size: number;
  readonly deregister: () => void;

  constructor(key: bigint, base: bigint, size: number, deregister: () => void) {
    this.key = key;
    this.base = base;
    this.size = size;
    this.deregister = deregister;
  }
}
