import type { DwcpNode } from "@proj/dwcp/node";

/** Tells what a transfer under way costs, of a node that has no other: ratio and streams. */
export class ReplicaMeter {
  readonly #node: Pick<DwcpNode, "traffic">;
  readonly #wireBytes: number;
  readonly #arrivedBytes: number;

  /** Begins to count now; what arrived before, in an earlier run too, is not part of the ratio. */
  constructor(node: Pick<DwcpNode, "traffic">, arrivedBytes: number) {
    this.#node = node;
    this.#arrivedBytes = arrivedBytes;
    this.#wireBytes = wireBytes(node);
  }

  /** A few words for a line of progress: `4.2:1, 8 streams`. */
  note(arrivedBytes: number): string {
    const { traffic } = this.#node;
    const streams = traffic.reduce((total, each) => total + each.streams, 0);
    // What is under way has been paid for, and has not arrived.
    const inflight = traffic.reduce((total, each) => total + each.inflightBytes, 0);
    const paid = wireBytes(this.#node) - this.#wireBytes - inflight;
    const arrived = arrivedBytes - this.#arrivedBytes;
    const words = `${streams} ${streams === 1 ? "stream" : "streams"}`;
    return arrived <= 0 || paid <= 0 ? words : `${(arrived / paid).toFixed(1)}:1, ${words}`;
  }
}

function wireBytes({ traffic }: Pick<DwcpNode, "traffic">): number {
  return traffic.reduce((total, { unitBytes }) => total + unitBytes, 0);
}
