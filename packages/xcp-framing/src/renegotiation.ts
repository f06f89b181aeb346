import { CodecId } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import type { Negotiated } from "./negotiated.js";
import type { Hello } from "./wire/hello.js";

const MIN_MAX_FRAME_BYTES = 32;

/** What NEGOTIATE can change in mid-session. spec/xcp.md §6 */
export interface NegotiableTerms {
  /** Codecs to go on with; must have been agreed in the handshake. Absent = unchanged. */
  readonly codecs?: readonly number[];
  /** Largest PLEN to go on with; at most what the handshake agreed. Absent = unchanged. */
  readonly maxFrameBytes?: number;
}

/** The terms in force. */
export type Terms = Required<NegotiableTerms>;

/** The NEGOTIATE body that proposes, or answers with, `terms`. */
export function negotiateBody(terms: NegotiableTerms): Hello {
  return {
    codecs: terms.codecs ?? [],
    maxFrameBytes: terms.maxFrameBytes,
    accepts: [],
    emits: [],
    sharedMem: false,
    features: undefined,
  };
}

/**
 * Follows NEGOTIATE exchanges in both directions.
 *
 * The answerer uses the new terms for every frame after its answer, the proposer for every frame after it read the
 * answer. Frames of the proposer may still be on their way, so the answerer goes on accepting what it accepted before. When
 * both propose at once the initiator's proposal wins.
 */
export class Renegotiation {
  readonly #original: Terms;
  readonly #impliesJson: boolean;
  readonly #wins: boolean;
  #outstanding: { readonly msgId: number; readonly owner: unknown } | undefined;

  constructor(negotiated: Negotiated) {
    this.#original = { codecs: negotiated.codecs, maxFrameBytes: negotiated.maxFrameBytes };
    this.#impliesJson = negotiated.codecPolicy !== "BinaryRequired";
    this.#wins = negotiated.role === "initiator";
  }

  /**
   * Notes that this end proposes `terms` under `msgId`.
   *
   * @throws XcpError `xcp.busy` while an earlier proposal is open, or the refusal the peer would give
   */
  propose(msgId: number, owner: unknown, terms: NegotiableTerms): void {
    if (this.#outstanding !== undefined) throw new XcpError("xcp.busy", "a NEGOTIATE is open");
    this.#check(terms);
    this.#outstanding = { msgId, owner };
  }

  /**
   * Computes the terms that answer the peer's proposal.
   *
   * @throws XcpError the reason to NACK it with
   */
  answer(proposal: Hello, current: Terms): Terms {
    if (this.#outstanding !== undefined && this.#wins) {
      throw new XcpError("xcp.busy", "this end's NEGOTIATE is open and goes first");
    }
    return this.#apply(proposal, current);
  }

  /**
   * Takes the peer's answer to this end's proposal; `undefined` when it answers none.
   *
   * @throws XcpError when the answer goes beyond the original agreement
   */
  settle(
    inReplyTo: number | bigint,
    body: Hello,
    current: Terms,
  ): { readonly owner: unknown; readonly terms: Terms } | undefined {
    const outstanding = this.#outstanding;
    if (outstanding === undefined || outstanding.msgId !== inReplyTo) return undefined;
    this.#outstanding = undefined;
    return { owner: outstanding.owner, terms: this.#apply(body, current) };
  }

  /** Takes the refusal of this end's proposal, and returns whom to tell. */
  refused(msgId: number | bigint): { readonly owner: unknown } | undefined {
    const outstanding = this.#outstanding;
    if (outstanding?.msgId !== msgId) return undefined;
    this.#outstanding = undefined;
    return outstanding;
  }

  /** Whom to tell that the connection ended. */
  abandon(): { readonly owner: unknown } | undefined {
    const outstanding = this.#outstanding;
    this.#outstanding = undefined;
    return outstanding;
  }

  #apply(body: Hello, current: Terms): Terms {
    const maxFrameBytes = (body.maxFrameBytes ?? 0) === 0 ? undefined : body.maxFrameBytes;
    const terms: NegotiableTerms = {
      ...(body.codecs.length > 0 && { codecs: body.codecs }),
      ...(maxFrameBytes !== undefined && { maxFrameBytes }),
    };
    this.#check(terms);
    const wanted = terms.codecs;
    return {
      maxFrameBytes: terms.maxFrameBytes ?? current.maxFrameBytes,
      codecs:
        wanted === undefined
          ? current.codecs
          : this.#original.codecs.filter(
              (id) => wanted.includes(id) || (this.#impliesJson && id === CodecId.JSON),
            ),
    };
  }

  #check(terms: NegotiableTerms): void {
    const extra = terms.codecs?.find((id) => !this.#original.codecs.includes(id));
    if (extra !== undefined) {
      throw new XcpError("xcp.codec_not_negotiated", `codec ${extra} was not agreed at first`);
    }
    const bytes = terms.maxFrameBytes;
    if (bytes === undefined) return;
    if (bytes < MIN_MAX_FRAME_BYTES) {
      throw new XcpError(
        "xcp.body_malformed",
        `max_frame_bytes ${bytes}, at least ${MIN_MAX_FRAME_BYTES} needed`,
      );
    }
    if (bytes > this.#original.maxFrameBytes) {
      throw new XcpError(
        "xcp.message_too_large",
        `max_frame_bytes ${bytes}, agreed at first ${this.#original.maxFrameBytes}`,
      );
    }
  }
}
