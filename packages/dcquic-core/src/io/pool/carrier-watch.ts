import { networkInterfaces } from "node:os";

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
 * Addresses that no interface carries at first, such as the unspecified one, are not watched.
 *
 * @see spec/dcquic.md §18, D-14
 */
export class CarrierWatch {
  readonly #list: () => ReadonlySet<string>;
  readonly #onChanged: CarrierWatchOptions["onChanged"];
  readonly #watched: readonly (readonly [nic: number, address: string])[];
  readonly #gone = new Set<number>();
  #interval: NodeJS.Timeout | undefined;

  /** Looks at once what can be watched. */
  constructor({ addresses, onChanged, list = listedAddresses }: CarrierWatchOptions) {
    this.#list = list;
    this.#onChanged = onChanged;
    const listed = list();
    this.#watched = [...addresses].filter(([, address]) => listed.has(address));
  }

  /** Looks from now on. */
  start(): this {
    if (this.#watched.length === 0) return this;
    this.#interval = setInterval(() => this.check(), POLL_MS);
    this.#interval.unref();
    return this;
  }

  /**
   * Notes that a socket found its NIC gone, which is known before anyone looked: it is told when it is back. Says whether it is
   * watched: the return of another one is never told.
   */
  gone(nic: number): boolean {
    const isWatched = this.#watched.some(([each]) => each === nic);
    if (isWatched) this.#gone.add(nic);
    return isWatched;
  }

  /** Looks once. */
  check(): void {
    const listed = this.#list();
    for (const [nic, address] of this.#watched) {
      const isThere = listed.has(address);
      if (isThere !== this.#gone.has(nic)) continue;
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
