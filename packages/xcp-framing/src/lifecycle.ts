import { wireError } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import type { Negotiated } from "./negotiated.js";

type Phase =
  | { readonly kind: "handshake" }
  | { readonly kind: "open" }
  | { readonly kind: "draining"; readonly untilUs: number }
  | { readonly kind: "closed" };

/**
 * Where a session is between its first and its last byte.
 *
 * ```
 * handshake ──CAPS──→ open ──close, peer's end──→ draining ──all answered, or 5 s──→ closed
 *     └──────────────────┴──────── error ─────────────────────────────────────────────↑
 * ```
 */
export class Lifecycle {
  #phase: Phase = { kind: "handshake" };
  #drained = false;
  #peerGoingAway = false;

  /** The state's name. */
  get kind(): Phase["kind"] {
    return this.#phase.kind;
  }

  /** Whether the peer takes no new requests. */
  get peerGoingAway(): boolean {
    return this.#peerGoingAway;
  }

  /** Whether the session ends as soon as nothing is under way: after the peer's GOAWAY this end may end as well. */
  get ending(): boolean {
    return this.kind === "draining" || (this.kind === "open" && this.#peerGoingAway);
  }

  /** When draining is given up; `Infinity` = never. */
  get drainDueUs(): number {
    return this.#phase.kind === "draining" && !this.#drained
      ? this.#phase.untilUs
      : Number.POSITIVE_INFINITY;
  }

  /**
   * Gives back what was agreed, while something new may begin.
   *
   * @throws XcpError `xcp.going_away` while the session drains
   * @throws WireError `wire.closed` before and after it is open
   */
  requireOpen(negotiated: Negotiated | undefined): Negotiated {
    if (this.kind === "open" && negotiated !== undefined) return negotiated;
    if (this.kind === "draining") {
      throw new XcpError("xcp.going_away", "this connection is closing");
    }
    throw wireError("wire.closed", `the session is in its ${this.kind} phase`);
  }

  /** The handshake is done. */
  open(): void {
    this.#phase = { kind: "open" };
  }

  /** Nothing new begins any more. */
  drain(untilUs: number): void {
    if (this.#phase.kind === "open") this.#phase = { kind: "draining", untilUs };
  }

  /** Notes the peer's GOAWAY; `known` when it was noted before. */
  noteGoingAway(): "new" | "known" {
    if (this.#peerGoingAway) return "known";
    this.#peerGoingAway = true;
    return "new";
  }

  /** Notes that nothing is under way any more; `known` when that was noted before. */
  noteDrained(): "new" | "known" {
    if (this.#drained) return "known";
    this.#drained = true;
    return "new";
  }

  /** It is over. */
  close(): void {
    this.#phase = { kind: "closed" };
  }
}
