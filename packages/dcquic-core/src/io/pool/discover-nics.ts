import { backend, type NetworkCard } from "@proj/native-io";
import { networkInterfaces, type NetworkInterfaceInfo } from "node:os";
import type { NicConfig } from "../../config/dcquic-config.js";

/** Where {@link discoverNics} looks. */
export interface DiscoverNicsOptions {
  /** The addresses of this host to use, in this order, with or without hardware behind them; all that count if absent. */
  readonly addresses?: readonly string[];
  /** The interfaces with their addresses; those of the system if absent. */
  readonly interfaces?: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  /** The cards behind them; those of the system if absent. */
  readonly cards?: readonly NetworkCard[];
}

const GIGABIT = 125_000_000;
const BITS_PER_BYTE = 8;
const UNKNOWN_BYTES_PER_SECOND = 10 * GIGABIT;
// What clouds let one flow have. spec/dcquic.md §12
const FLOW_BYTES_PER_SECOND = 5 * GIGABIT;

/**
 * Lists the NICs of this host as `nics` of a configuration has them: every interface with hardware behind it that is up and has an address,
 * in the order of their names; every other interface than the loopback where there is no hardware to be seen, as in a container.
 * One whose speed the kernel does not tell counts as 10 Gbit/s.
 *
 * @throws RangeError for one of `addresses` that no interface of this host has.
 * @see spec/dcquic.md §3 row 9, §18, §20
 */
export function discoverNics({
  addresses,
  interfaces = networkInterfaces(),
  cards = cardsHere(),
}: DiscoverNicsOptions = {}): readonly NicConfig[] {
  const byName = new Map(cards.map((card) => [card.name, card]));
  const chosen =
    addresses === undefined
      ? allUsable(interfaces, byName)
      : addresses.map((address) => ({ name: interfaceOf(address, interfaces), address }));
  return chosen.map(({ name, address }) => {
    const bits = byName.get(name)?.bitsPerSecond;
    const bytesPerSecond = bits === undefined ? UNKNOWN_BYTES_PER_SECOND : bits / BITS_PER_BYTE;
    const flowBytesPerSecond = Math.min(FLOW_BYTES_PER_SECOND, bytesPerSecond);
    return { address, bytesPerSecond, flowBytesPerSecond };
  });
}

type Interfaces = NonNullable<DiscoverNicsOptions["interfaces"]>;

function allUsable(
  interfaces: Interfaces,
  cards: ReadonlyMap<string, NetworkCard>,
): readonly { readonly name: string; readonly address: string }[] {
  const found = Object.entries(interfaces).flatMap(([name, addresses = []]) => {
    const address = addressOf(addresses);
    return address === undefined ? [] : [{ name, address }];
  });
  const hardware = found.filter(({ name }) => cards.has(name));
  return (hardware.length > 0 ? hardware : found).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function interfaceOf(address: string, interfaces: Interfaces): string {
  const found = Object.entries(interfaces).find(([, addresses = []]) =>
    addresses.some((each) => each.address === address),
  );
  if (found === undefined)
    throw new RangeError(`no interface of this host has the address ${address}`);
  return found[0];
}

// Peers reach neither what is this host's own nor what is valid on one link only.
function addressOf(addresses: readonly NetworkInterfaceInfo[]): string | undefined {
  const usable = addresses.filter(
    ({ address, internal }) =>
      !internal && !address.startsWith("169.254.") && !isLinkLocal(address),
  );
  return (usable.find(({ family }) => family === "IPv4") ?? usable[0])?.address;
}

// fe80::/10
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

function cardsHere(): readonly NetworkCard[] {
  const found = backend.cores.topology();
  return found.kind === "done" ? found.value.networkCards : [];
}
