import { constants } from "node:os";
import { NativeIoError, refusedBySystem } from "../errors.js";
import type { RmaProvider } from "./rma.js";
import type {
  RmaCompletion,
  RmaEndpoint,
  RmaPeer,
  RmaPosted,
  RmaRegion,
  RmaRights,
  RmaTransfer,
} from "./rma-endpoint.js";
import { checkTransfer, randomKey } from "./transfer-checks.js";

/** Memory that an endpoint lends. */
interface Lent {
  readonly bytes: Uint8Array;
  readonly rights: RmaRights;
}

/** An endpoint whose peers are endpoints of the same thread. */
export class PortableRmaEndpoint implements RmaEndpoint {
  readonly provider: RmaProvider;
  readonly address: Uint8Array;
  /** No connection, nothing to make anew. */
  readonly recoveries = 0;
  readonly #name: string;
  readonly #all: Map<string, PortableRmaEndpoint>;
  readonly #lent = new Map<bigint, Lent>();
  readonly #bytes = new WeakMap<RmaRegion, Uint8Array>();
  readonly #peers = new Map<RmaPeer, string>();
  readonly #maxTransfers: number;
  #completions: RmaCompletion[] = [];
  #nextId = 0;
  #connected = 0;

  constructor(
    provider: RmaProvider,
    name: string,
    all: Map<string, PortableRmaEndpoint>,
    maxTransfers: number,
  ) {
    this.provider = provider;
    this.address = new TextEncoder().encode(name);
    this.#name = name;
    this.#all = all;
    this.#maxTransfers = maxTransfers;
    all.set(name, this);
  }

  register(bytes: Uint8Array, rights: RmaRights): RmaRegion {
    this.#checkOpen();
    // As the addon demands it: other memory could be given away by a transfer.
    if (!(bytes.buffer instanceof SharedArrayBuffer)) {
      throw new TypeError("register: expected a mapping or a SharedArrayBuffer");
    }
    const key = randomKey(8);
    this.#lent.set(key, { bytes, rights });
    const region: RmaRegion = {
      key,
      base: 0n,
      size: bytes.length,
      deregister: () => void this.#lent.delete(key),
    };
    this.#bytes.set(region, bytes);
    return region;
  }

  connect(address: Uint8Array): RmaPeer {
    this.#checkOpen();
    const name = new TextDecoder().decode(address);
    if (!name.startsWith("memory:")) throw refusedBySystem("connect", "EINVAL");
    const peer = this.#connected++ as RmaPeer;
    this.#peers.set(peer, name);
    return peer;
  }

  disconnect(peer: RmaPeer): void {
    this.#checkOpen();
    if (!this.#peers.delete(peer)) throw unknownPeer();
  }

  read(transfer: RmaTransfer): RmaPosted {
    return this.#post(transfer, "remoteRead", (local, remote) => local.set(remote));
  }

  write(transfer: RmaTransfer): RmaPosted {
    return this.#post(transfer, "remoteWrite", (local, remote) => remote.set(local));
  }

  poll(): readonly RmaCompletion[] {
    this.#checkOpen();
    const done = this.#completions;
    this.#completions = [];
    return done;
  }

  close(): void {
    this.#lent.clear();
    this.#all.delete(this.#name);
  }

  #post(
    transfer: RmaTransfer,
    right: keyof RmaRights,
    copy: (local: Uint8Array, remote: Uint8Array) => void,
  ): RmaPosted {
    this.#checkOpen();
    checkTransfer(transfer, this.provider);
    const { peer, local, offset, length } = transfer;
    const bytes = this.#bytes.get(local);
    const name = this.#peers.get(peer);
    if (bytes === undefined) throw new TypeError("a region of another endpoint");
    if (name === undefined) throw unknownPeer();
    if (!this.#lent.has(local.key)) throw refusedBySystem(right, "EBADF");
    if (this.#completions.length >= this.#maxTransfers) return { kind: "backPressured" };
    const id = this.#nextId++;
    const remote = this.#all.get(name)?.reach(transfer, right);
    if (typeof remote === "object") copy(bytes.subarray(offset, offset + length), remote);
    this.#completions.push(typeof remote === "object" ? { id } : failed(id, remote));
    return { kind: "posted", id };
  }

  /** The bytes that a peer's transfer names, or the errno that refuses it. */
  reach(
    { remoteAddress, remoteKey, length }: RmaTransfer,
    right: keyof RmaRights,
  ): Uint8Array | "EACCES" {
    const lent = this.#lent.get(remoteKey);
    if (lent === undefined || !lent.rights[right]) return "EACCES";
    const start = Number(remoteAddress);
    const inside = remoteAddress >= 0n && start + length <= lent.bytes.length;
    return inside ? lent.bytes.subarray(start, start + length) : "EACCES";
  }

  #checkOpen(): void {
    if (this.#all.get(this.#name) !== this) {
      throw new NativeIoError("native_io.closed", "endpoint is closed");
    }
  }
}

function unknownPeer(): TypeError {
  return new TypeError("a peer of another endpoint, or disconnected");
}

function failed(id: number, reason: "EACCES" | undefined): RmaCompletion {
  const name = reason ?? "ENOTCONN";
  const errno = constants.errno[name];
  return { id, failure: { reason: name, errno, providerErrno: 0 } };
}
