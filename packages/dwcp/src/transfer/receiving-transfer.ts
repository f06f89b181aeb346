import { IntervalSet } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { Chunk } from "../wire/chunk.js";
import { ANY_LENGTH } from "../wire/raw-length.js";
import type { IntervalPair, OfferMessage } from "../wire/transfer-messages.js";
import { AckBook } from "./ack-book.js";

/** Where a transfer is, seen from the side that receives. spec/dwcp.md B7 */
export type ReceivingState =
  | "offered"
  | "receiving"
  | "assembled"
  | "verifying"
  | "verified"
  | "repairing"
  | "committed"
  | "failed"
  | "cancelled";

/** How often the sender may be asked to repair before the transfer fails. spec/dwcp.md B8 */
const REPAIRS = 2;

/** A unit that was handed to the owner, and has not come back. */
interface PendingUnit {
  readonly streamIndex: number;
  readonly sentUs: number;
  readonly arrivedUs: number;
  readonly encodedBytes: number;
}

/**
 * The receiver's side of one object's way: which bytes it has, and what it owes the sender.
 *
 * ```
 * offered ─ACCEPT─▶ receiving ─every byte stored─▶ assembled ─FIN─▶ verifying ─root equal─▶ verified ─▶ committed
 *                                                                 verifying ─root differs─▶ repairing ─FIN─▶ verifying
 *                                   verified ─SWITCHOVER, where a machine moves for good─▶ committed
 * any ─▶ failed, cancelled
 * ```
 *
 * @see spec/dwcp.md B6, B7, B8
 */
export class ReceivingTransfer {
  readonly offer: OfferMessage;
  /** The frame handle that this side chose. */
  readonly handle: number;
  state: ReceivingState = "offered";
  /** Bytes that are stored, durable or not. */
  readonly stored: IntervalSet = new IntervalSet();
  /** Bytes that were received raw and encoded, in units that counted. */
  rawTotal = 0;
  encodedTotal = 0;
  /** The root that the sender's last FIN states, in hexadecimal. */
  finRoot: string | undefined;
  readonly #pending = new Map<number, PendingUnit>();
  readonly #books = new Map<number, AckBook>();
  #length: number | undefined;
  #pendingBytes = 0;
  #repairs = 0;

  constructor(offer: OfferMessage, handle: number, held: readonly IntervalPair[]) {
    this.offer = offer;
    this.handle = handle;
    this.#length = offer.rawLength < 0 ? undefined : offer.rawLength;
    for (const [start, length] of held) this.stored.add(start, start + length);
  }

  /** Raw bytes of the object; `undefined` before FIN where the offer could not say. */
  get rawLength(): number | undefined {
    return this.#length;
  }

  /**
   * FIN states how long the object is.
   *
   * @throws {@link DwcpError} `dwcp.protocol` where that is not what was offered, was stated before, or arrived.
   */
  end(rawLength: number): void {
    if (
      this.#length === undefined &&
      this.stored.firstHeld(rawLength) === Number.POSITIVE_INFINITY
    ) {
      this.#length = rawLength;
    }
    if (rawLength === this.#length) return;
    const known = this.#length ?? "fewer bytes than arrived";
    throw new DwcpError("dwcp.protocol", `FIN of ${rawLength} bytes, known: ${known}`);
  }

  /** Whether every byte is stored. */
  get isComplete(): boolean {
    return this.stored.covered === this.rawLength;
  }

  /** Units that arrived and are neither stored nor refused. */
  get pendingUnits(): number {
    return this.#pending.size;
  }

  /** Encoded bytes of those units. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * A unit arrived on a stream. `duplicate` says that it is being handled already: nothing is to be done for it.
   *
   * @throws {@link DwcpError} `dwcp.protocol` for a unit outside of the object.
   */
  arrive(nowUs: number, chunk: Chunk, streamIndex: number): "new" | "duplicate" {
    const most = this.#length ?? ANY_LENGTH;
    if (chunk.rawOffset + chunk.rawBytes > most) {
      throw new DwcpError(
        "dwcp.protocol",
        `unit of ${chunk.rawBytes} bytes at ${chunk.rawOffset} in an object of ${most}`,
      );
    }
    if (this.#pending.has(chunk.unitId)) return "duplicate";
    this.#pendingBytes += chunk.encoded.length;
    this.#pending.set(chunk.unitId, {
      streamIndex,
      sentUs: chunk.sentUs,
      arrivedUs: nowUs,
      encodedBytes: chunk.encoded.length,
    });
    return "new";
  }

  /**
   * A unit was decoded, checked and written. Returns the encoded bytes that count against the peer's credit: none for bytes
   * that were here before.
   */
  store(nowUs: number, unitId: number, rawOffset: number, rawBytes: number): number {
    const unit = this.#pending.get(unitId);
    if (unit === undefined) return 0;
    this.#pending.delete(unitId);
    this.#pendingBytes -= unit.encodedBytes;
    const added = this.stored.add(rawOffset, rawOffset + rawBytes);
    this.book(unit.streamIndex).note(nowUs, unitId, unit.sentUs, unit.arrivedUs);
    if (this.isComplete && this.state === "receiving") this.state = "assembled";
    if (added === 0) return 0;
    this.rawTotal += added;
    this.encodedTotal += unit.encodedBytes;
    return unit.encodedBytes;
  }

  /** A unit was refused; the stream that brought it, or `undefined` when it is unknown. */
  refuse(unitId: number): number | undefined {
    const unit = this.#pending.get(unitId);
    this.#pending.delete(unitId);
    this.#pendingBytes -= unit?.encodedBytes ?? 0;
    return unit?.streamIndex;
  }

  /** What has to be acknowledged on a stream. */
  book(streamIndex: number): AckBook {
    let book = this.#books.get(streamIndex);
    if (book === undefined) {
      book = new AckBook();
      this.#books.set(streamIndex, book);
    }
    return book;
  }

  /** Every stream's book, by stream. */
  get books(): Iterable<[number, AckBook]> {
    return this.#books;
  }

  /** A stream is gone, and with it some of what was acknowledged on it. */
  streamGone(nowUs: number, streamIndex: number): void {
    this.#books.get(streamIndex)?.retell(nowUs);
  }

  /** Forgets the book of a stream that is gone. */
  closeBook(streamIndex: number): void {
    this.#books.delete(streamIndex);
  }

  /**
   * The stored bytes are not what the sender has: these leaves have to come again.
   *
   * @throws {@link DwcpError} `dwcp.integrity` when that was asked for twice already.
   */
  repair(leaves: readonly number[]): void {
    if (this.#repairs++ >= REPAIRS) {
      throw new DwcpError(
        "dwcp.integrity",
        `${leaves.length} leaves stay wrong after ${REPAIRS} repairs`,
      );
    }
    const { leafBytes } = this.offer;
    for (const leaf of leaves) this.stored.remove(leaf * leafBytes, (leaf + 1) * leafBytes);
    this.state = "repairing";
    this.finRoot = undefined;
  }
}
