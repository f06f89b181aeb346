/** A span of virtual time. */
export interface Span {
  /** When it begins; µs. */
  readonly fromUs: number;
  /** When it ends; µs. */
  readonly untilUs: number;
}

/**
 * What goes wrong in a simulated world. Probabilities are per datagram; whatever is absent does not happen.
 *
 * @see spec/dcquic.md §23
 */
export interface Faults {
  /** Independent loss. */
  readonly loss?: number;
  /** Bursts: the probability that one begins, and that it goes on with the next datagram. */
  readonly burst?: { readonly begin: number; readonly goOn: number };
  /** A datagram arrives twice. */
  readonly duplicate?: number;
  /** A datagram is delayed, so that later ones overtake it. */
  readonly reorder?: { readonly probability: number; readonly delayUs: number };
  /** One byte is changed. */
  readonly corrupt?: number;
  /** The end is cut off. */
  readonly truncate?: number;
  /** Longer datagrams vanish without a word. */
  readonly mtuBlackHoleBytes?: number;
  /** Nothing passes in one direction. */
  readonly partitions?: readonly (Span & { readonly from: number; readonly to: number })[];
  /** A NIC neither sends nor receives. */
  readonly nicDown?: readonly (Span & { readonly host: number })[];
  /** A host stands still; what arrives waits for it. */
  readonly pauses?: readonly (Span & { readonly host: number })[];
  /** A host's clock jumps ahead. */
  readonly clockJumps?: readonly {
    readonly host: number;
    readonly atUs: number;
    readonly byUs: number;
  }[];
  /** A host forgets everything and starts anew; its reset signer survives or does not. */
  readonly crashes?: readonly {
    readonly host: number;
    readonly atUs: number;
    readonly signer: "kept" | "lost";
  }[];
  /** Two hosts make a new path; what runs on the old one moves, or finishes there. */
  readonly rehandshakes?: readonly {
    readonly from: number;
    readonly to: number;
    readonly atUs: number;
    readonly running: "move" | "finish";
  }[];
  /** The NIC of a host fails, and its worker goes on over the port of another one. */
  readonly failovers?: readonly {
    readonly host: number;
    readonly atUs: number;
    readonly port: number;
  }[];
  /** No flow between two hosts carries more than this, whatever the ports do; bytes per second. */
  readonly flowBytesPerSecond?: number;
  /** An attacker who captures everything sends a datagram again, at any later time up to the delay. */
  readonly replay?: { readonly probability: number; readonly delayUs: number };
  /** An attacker off the path sends forged datagrams. */
  readonly spoof?: number;
  /** The network says of what it cannot deliver, because a NIC is down or a datagram too long, that it cannot. */
  readonly icmp?: boolean;
  /** Someone forges ICMP about a healthy peer. */
  readonly forgedIcmp?: number;
}

/** Joins faults: what the later ones name replaces what the earlier ones do. */
export function mixFaults(...all: readonly Faults[]): Faults {
  return Object.assign({}, ...all) as Faults;
}

/** Whether a moment lies in a span. */
export function isWithin({ fromUs, untilUs }: Span, atUs: number): boolean {
  return atUs >= fromUs && atUs < untilUs;
}
