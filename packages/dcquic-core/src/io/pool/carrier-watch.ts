import { networkInterfaces } from "node:os";
import { isUnspecified } from "./peer-name.js";

/** What a {@link CarrierWatch} is made with. */
export interface CarrierWatchOptions {
  /** The address that is bound on each NIC. */
  readonly addresses: ReadonlyMap<number, string>;
  /** Is told of a NIC that went or came back. */
  readonly onChanged: (nic: number, how: "there" | "gone") => void;
  /** The addresses that interfaces carry now; those of the system if absent. */
  readonly list?: () => ReadonlySet<string>;
}

const POLL_MS = 250;

/**
 * Looks four times a second whether the NICs of a pool are there. The system lists an interface while it is up and has a carrier:
 * an address that is listed no more belongs to a cable that was pulled, a link that was taken down or a card that is gone.
 *
 * An address is watched once an interface carries it: one may be bound before its link is ready. A NIC bound by the unspecified
 * address is there while the host has any address but that of itself.
 *
 * @see spec/dcquic.md §18, D-14
 */
export class CarrierWatch {
  readonly #list: () => ReadonlySet<string>;
  readonly #onChanged: CarrierWatchOptions["onChanged"];
  readonly #addresses: ReadonlyMap<number, string>;
  readonly #seen = new Set<number>();
  readonly #gone = new Set<number>();
  #interval: NodeJS.Timeout | undefined;

  /** Looks once, and tells nothing yet. */
  constructor({ addresses, onChanged, list = listedAddresses }: CarrierWatchOptions) {
    this.#list = list;
    this.#onChanged = onChanged;
    this.#addresses = addresses;
    this.check();
  }

  /** Looks from now on. */
  start(): this {
    this.#interval = setInterval(() => this.check(), POLL_MS);
    this.#interval.unref();
    return this;
  }

  /**
   * Notes that a socket found its NIC gone, which is known before anyone looked: it is told when it is back. Says whether that is
   * so: nobody would see the return of one that is not watched, and of a socket on every interface one may be gone.
   */
  gone(nic: number): boolean {
    const isOne = this.#seen.has(nic) && !isUnspecified(this.#addresses.get(nic) ?? "");
    if (isOne) this.#gone.add(nic);
    return isOne;
  }

  /** Looks once. */
  check(): void {
    const listed = this.#list();
    for (const [nic, address] of this.#addresses) {
      const isThere = isUnspecified(address) ? hasNetwork(listed) : listed.has(address);
      if (isThere) this.#seen.add(nic);
      if (!this.#seen.has(nic) || isThere !== this.#gone.has(nic)) continue;
      if (isThere) this.#gone.delete(nic);
      else this.#gone.add(nic);
      this.#onChanged(nic, isThere ? "there" : "gone");
    }
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#interval);
  }
}

function listedAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return new Set(all.map(({ address }) => address));
}

function hasNetwork(listed: ReadonlySet<string>): boolean {
  return [...listed].some((address) => address !== "::1" && !address.startsWith("127."));
}
