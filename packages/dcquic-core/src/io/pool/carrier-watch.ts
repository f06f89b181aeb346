import { networkInterfaces } from "node:os";
import { isOwnAddress } from "./own-address.js";
import { isUnspecified } from "./peer-name.js";

/** What a {@link CarrierWatch} is made with. */
export interface CarrierWatchOptions {
  /** The address that is bound on each NIC. */
  readonly addresses: ReadonlyMap<number, string>;
  /** Is told of a NIC that went or came back. */
  readonly onChanged: (nic: number, how: "there" | "gone") => void;
  /** The addresses that interfaces carry now; those of the system if absent. */
  readonly list?: () => ReadonlySet<string>;
  /** Whether the host has an address, be its link ready or not; asks the system if absent. */
  readonly owns?: (address: string) => Promise<boolean>;
}

const POLL_MS = 250;

/**
 * Looks four times a second whether the NICs of a pool are there. The system lists an interface while it is up and has a carrier:
 * an address that is listed no more belongs to a cable that was pulled, a link that was taken down or a card that is gone.
 *
 * Before an address was listed its link is not ready, as systems see it: Linux may take a second to say that one is over which
 * datagrams pass already. Until then a NIC is there as long as the host has its address. A NIC bound by the unspecified address is
 * there while the host has any address but that of itself.
 *
 * @see spec/dcquic.md §18, D-14
 */
export class CarrierWatch {
  readonly #list: () => ReadonlySet<string>;
  readonly #owns: (address: string) => Promise<boolean>;
  readonly #onChanged: CarrierWatchOptions["onChanged"];
  readonly #addresses: ReadonlyMap<number, string>;
  readonly #seen = new Set<number>();
  readonly #gone = new Set<number>();
  readonly #asking = new Set<number>();
  #interval: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Looks once, and tells nothing yet. */
  constructor({
    addresses,
    onChanged,
    list = listedAddresses,
    owns = isOwnAddress,
  }: CarrierWatchOptions) {
    this.#list = list;
    this.#owns = owns;
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
      if (this.#seen.has(nic)) this.#nicIs(nic, isThere);
      else if (!isUnspecified(address)) void this.#ask(nic, address);
    }
  }

  /** Looks no more. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#interval);
  }

  async #ask(nic: number, address: string): Promise<void> {
    if (this.#asking.has(nic)) return;
    this.#asking.add(nic);
    const isThere = await this.#owns(address);
    this.#asking.delete(nic);
    // It may have been listed meanwhile, and what is listed once is watched.
    if (!this.#isClosed && !this.#seen.has(nic)) this.#nicIs(nic, isThere);
  }

  #nicIs(nic: number, isThere: boolean): void {
    if (isThere !== this.#gone.has(nic)) return;
    if (isThere) this.#gone.delete(nic);
    else this.#gone.add(nic);
    this.#onChanged(nic, isThere ? "there" : "gone");
  }
}

function listedAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return new Set(all.map(({ address }) => address));
}

function hasNetwork(listed: ReadonlySet<string>): boolean {
  return [...listed].some((address) => address !== "::1" && !address.startsWith("127."));
}
