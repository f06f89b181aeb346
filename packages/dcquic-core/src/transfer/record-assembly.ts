import { isWireError } from "@proj/wire-types";
import type { IntervalSet } from "../buffer/interval-set.js";
import type { CryptoBackend, PacketAead } from "../crypto/backend.js";
import type { PacketBatch } from "../crypto/packet-batch.js";
import { bindingOfTags, openRecord, type RecordLayout } from "../crypto/records.js";
import { TAG_BYTES } from "../wire/constants.js";
import { type LendMemory, PartMemory, type TakenPart } from "./part-memory.js";
import type { SpareMemory } from "./spare-memory.js";

const NO_BYTES = new Uint8Array(0);

/** A whole part of a message, verified where it can be. */
export interface AssembledRecord {
  /** Where it begins in the message; plain bytes. */
  readonly offset: number;
  /** Its bytes. They are the receiver's. */
  readonly bytes: Uint8Array;
  /** Whether they lie in memory that was lent for them. */
  readonly inPlace: boolean;
}

/** How the bytes of a transfer are put together. */
export interface AssemblyOptions {
  /** How the message is cut; for a message without records its parts are as long as records would be. */
  readonly layout: RecordLayout;
  /** What opens the records; absent where the message has none. */
  readonly aead: PacketAead | undefined;
  /** What binds the records together. */
  readonly binding: Uint8Array;
  /** Whether parts are kept until the message is whole, or given away one by one. */
  readonly keep: "whole" | "parts";
  /** Where the memory of parts comes from. */
  readonly spare: SpareMemory;
  /** Lends memory for records that are given away; absent where nobody does. */
  readonly lend?: LendMemory | undefined;
}

/**
 * The bytes of a transfer as they arrive: in any order, put in place once, and verified record by record.
 *
 * Kept whole, the message is one piece of memory. Given away in parts, only those that are begun take any.
 *
 * @see spec/dcquic.md §4, §8.2
 */
export class RecordAssembly {
  readonly #options: AssemblyOptions;
  readonly #wireBytes: number;
  readonly #crypto: CryptoBackend;
  readonly #whole: Uint8Array | undefined;
  readonly #parts: PartMemory;
  readonly #partBytes: number;
  readonly #stride: number;
  readonly #tags: Uint8Array;
  // The part that was written last in this step, where most of what is written next goes on.
  #latest: Uint8Array = NO_BYTES;
  #latestStart = 0;
  #latestEnd = 0;

  /** Allocates what is kept whole. */
  constructor(crypto: CryptoBackend, wireBytes: number, options: AssemblyOptions) {
    const { aead, keep, layout, lend, spare } = options;
    this.#crypto = crypto;
    this.#options = options;
    // What is sealed has to be whole before it is put where it belongs.
    this.#parts = new PartMemory(spare, aead === undefined ? lend : undefined);
    this.#partBytes = 2 ** layout.recordLog2;
    this.#stride = this.#partBytes + (aead === undefined ? 0 : TAG_BYTES);
    this.#wireBytes = wireBytes;
    this.#whole = keep === "whole" ? new Uint8Array(wireBytes) : undefined;
    this.#tags = new Uint8Array(aead === undefined ? 0 : TAG_BYTES * this.records);
  }

  /** How many parts there are; an empty message has one. */
  get records(): number {
    return Math.max(1, Math.ceil(this.#wireBytes / this.#stride));
  }

  /** Wire bytes of one part; the last may be shorter. */
  get strideBytes(): number {
    return this.#stride;
  }

  /** The part that a wire position lies in. */
  indexOf(wireOffset: number): number {
    return Math.floor(wireOffset / this.#stride);
  }

  /** Where a part begins on the wire. */
  startOf(index: number): number {
    return index * this.#stride;
  }

  /** Where it ends. */
  endOf(index: number): number {
    return Math.min(this.#wireBytes, (index + 1) * this.#stride);
  }

  /** Has `copies` put bytes in place, which has to be done before they are finished. */
  write(
    copies: Pick<PacketBatch, "copy">,
    wireOffset: number,
    slab: Uint8Array,
    at: number,
    length: number,
  ): void {
    if (this.#whole !== undefined) {
      copies.copy(slab, at, this.#whole, wireOffset, length);
      return;
    }
    if (wireOffset >= this.#latestStart && wireOffset + length <= this.#latestEnd) {
      copies.copy(slab, at, this.#latest, wireOffset - this.#latestStart, length);
      return;
    }
    for (let done = 0; done < length;) {
      const index = this.indexOf(wireOffset + done);
      const start = this.startOf(index);
      const end = this.endOf(index);
      const part = Math.min(length - done, end - wireOffset - done);
      const into = this.#parts.at(index, start, end - start);
      this.#latest = into;
      this.#latestStart = start;
      this.#latestEnd = end;
      copies.copy(slab, at + done, into, wireOffset + done - start, part);
      done += part;
    }
  }

  /**
   * Does the same with the bytes `start … end`, except those that are `received` already: a later copy must not change what
   * was checked.
   */
  writeMissing(
    copies: Pick<PacketBatch, "copy">,
    received: IntervalSet,
    start: number,
    end: number,
    slab: Uint8Array,
    at: number,
  ): void {
    for (let from = received.firstGap(start); from < end;) {
      const until = Math.min(end, received.firstHeld(from));
      this.write(copies, from, slab, at + from - start, until - from);
      from = received.firstGap(until);
    }
  }

  /**
   * Verifies a part all of whose bytes are here. A part that is given away leaves the assembly; one that does not verify is
   * forgotten, and `undefined`.
   */
  finish(index: number): AssembledRecord | undefined {
    const offset = index * this.#partBytes;
    this.#latestEnd = 0;
    if (this.#whole !== undefined) return this.#finishWhole(this.#whole, index, offset);
    const start = this.startOf(index);
    const taken = this.#parts.take(index, start, this.endOf(index) - start);
    if (taken === undefined) return undefined;
    const { aead } = this.#options;
    if (aead !== undefined) return this.#openPart(aead, index, offset, taken);
    return { offset, bytes: taken.bytes, inPlace: taken.isLent };
  }

  /** Says that what was written together is done with: memory that was lent may be taken away from now on. */
  endStep(): void {
    this.#latestEnd = 0;
    this.#parts.endStep();
  }

  /** Whether all records together are those that the announcer bound. To be asked once all are finished. */
  isBound(): boolean {
    const { aead, binding } = this.#options;
    if (aead === undefined) return true;
    return this.#crypto.equal(bindingOfTags(this.#crypto, this.#tags), binding);
  }

  /** The plain bytes of a message that was kept whole and is finished: they move together, and are the caller's. */
  takeWhole(): Uint8Array {
    const whole = this.#whole ?? NO_BYTES;
    const { layout, aead } = this.#options;
    if (aead === undefined) return whole;
    for (let index = 1; index < this.records; index++) {
      whole.copyWithin(index * this.#partBytes, this.startOf(index), this.endOf(index) - TAG_BYTES);
    }
    return whole.subarray(0, layout.totalBytes);
  }

  #finishWhole(bytes: Uint8Array, index: number, offset: number): AssembledRecord | undefined {
    const { aead } = this.#options;
    const start = this.startOf(index);
    const length = this.endOf(index) - start - (aead === undefined ? 0 : TAG_BYTES);
    if (length < 0) return undefined;
    const isPlain = aead === undefined || this.#open(aead, index, bytes, start, length, undefined);
    if (!isPlain) return undefined;
    return { offset, bytes: bytes.subarray(start, start + length), inPlace: false };
  }

  #openPart(
    aead: PacketAead,
    index: number,
    offset: number,
    { bytes }: TakenPart,
  ): AssembledRecord | undefined {
    const plain = bytes.length - TAG_BYTES;
    if (plain < 0) return undefined;
    const lent = this.#lend(offset, plain);
    const isOpen = this.#open(aead, index, bytes, 0, plain, lent);
    if (lent !== undefined) this.#options.spare.give(bytes);
    if (!isOpen) return undefined;
    return { offset, bytes: lent ?? bytes.subarray(0, plain), inPlace: lent !== undefined };
  }

  // Memory for one step only: whoever lends it may take it away between two packets.
  #lend(offset: number, length: number): Uint8Array | undefined {
    const lent = this.#options.lend?.(offset, length);
    return lent?.length === length ? lent : undefined;
  }

  #open(
    aead: PacketAead,
    index: number,
    bytes: Uint8Array,
    start: number,
    length: number,
    into: Uint8Array | undefined,
  ): boolean {
    this.#tags.set(bytes.subarray(start + length, start + length + TAG_BYTES), index * TAG_BYTES);
    try {
      return openRecord(aead, this.#options.layout, index, bytes, start, length, into);
    } catch (error) {
      if (isWireError(error)) return false;
      throw error;
    }
  }
}
