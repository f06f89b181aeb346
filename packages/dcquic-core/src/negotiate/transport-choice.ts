/** The providers of memory access, by their numbers on the wire. spec/dcquic.md §16.3, §17.4 */
export const RMA_PROVIDER_NUMBERS = {
  efa: 1,
  "verbs;ofi_rxm": 2,
  shm: 3,
  net: 4,
  "tcp;ofi_rxm": 5,
  sockets: 6,
} as const;

/** A provider's name. */
export type RmaProviderName = keyof typeof RMA_PROVIDER_NUMBERS;

/** What is tried without being told: hardware, which is why one would want it. */
export const RMA_HARDWARE: readonly RmaProviderName[] = ["efa", "verbs;ofi_rxm"];

/** That a side's memory can be read, and how. spec/dcquic.md §16.3 */
export interface RmaOffer {
  /** Number of the provider. */
  readonly provider: number;
  /** Index of the NIC. */
  readonly nic: number;
  /** Bytes that one read moves at most. */
  readonly maxReadBytes: number;
  /** Address of the endpoint, in the provider's own form. */
  readonly address: Uint8Array;
}

/** How bulk bytes come over a path. CONTROL is always on UDP. D-10 */
export type TransportChoice =
  | { readonly kind: "rma"; readonly own: RmaOffer; readonly peer: RmaOffer }
  | { readonly kind: "udp"; readonly reason: string };

/**
 * Agrees on a transport without a further message: the first provider, hardware before software, that both sides offered.
 *
 * @see spec/dcquic.md §16.3, §16.4
 */
export function chooseTransport(
  own: readonly RmaOffer[],
  peer: readonly RmaOffer[],
): TransportChoice {
  if (own.length === 0) return { kind: "udp", reason: "this side offers no memory access" };
  if (peer.length === 0) return { kind: "udp", reason: "the peer offers no memory access" };
  for (const provider of Object.values(RMA_PROVIDER_NUMBERS)) {
    const ours = own.find((offer) => offer.provider === provider);
    const theirs = peer.find((offer) => offer.provider === provider);
    if (ours !== undefined && theirs !== undefined) return { kind: "rma", own: ours, peer: theirs };
  }
  const names = (offers: readonly RmaOffer[]): string =>
    offers.map(({ provider }) => provider).join();
  return {
    kind: "udp",
    reason: `no provider in common: ${names(own)} here, ${names(peer)} there`,
  };
}
