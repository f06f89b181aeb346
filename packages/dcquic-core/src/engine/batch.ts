import { WORD_BYTES } from "../wire/chunk.js";

// Offset, length, address, ECN bits, the first datagram behind it that is not of its run.
const FIELDS = 5;

/** The number of an address that a driver does not know: nothing is sent there. */
export const NOWHERE = -1;

/**
 * Datagrams side by side in one slab, described by integers: a batch of any size is three objects.
 *
 * @see spec/dcquic.md §22
 */
export class DatagramBatch {
  /** The slab. */
  readonly bytes: Uint8Array;
  /** A view that starts where the slab does. */
  readonly view: DataView;
  /** How many datagrams it holds. */
  count = 0;
  /** Bytes of the slab in use. */
  usedBytes = 0;
  readonly #meta: Int32Array;
  readonly #alone: number[] = [];

  /** Makes a batch for so many datagrams, over a slab of so many bytes or over one that exists. */
  constructor(datagrams: number, slab: number | Uint8Array) {
    this.bytes = typeof slab === "number" ? new Uint8Array(slab) : slab;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.#meta = new Int32Array(datagrams * FIELDS);
  }

  /** How many datagrams fit at most. */
  get capacity(): number {
    return this.#meta.length / FIELDS;
  }

  /** Whether another datagram of so many bytes fits, wherever it has to begin. */
  hasRoom(bytes: number): boolean {
    const start = this.usedBytes + WORD_BYTES - 1;
    return this.count < this.capacity && start + bytes <= this.bytes.length;
  }

  /** How many more datagrams of so many bytes fit, side by side. */
  room(bytes: number): number {
    const free = Math.floor((this.bytes.length - this.usedBytes) / bytes);
    return Math.min(this.capacity - this.count, free);
  }

  /** Where datagram `index` begins. */
  offset(index: number): number {
    return this.#meta[index * FIELDS] ?? 0;
  }

  /** How long it is. */
  length(index: number): number {
    return this.#meta[index * FIELDS + 1] ?? 0;
  }

  /** The driver's number for the address it came from or goes to. */
  address(index: number): number {
    return this.#meta[index * FIELDS + 2] ?? 0;
  }

  /** The ECN bits of its IP header: 0 not capable, 1 ECT(1), 2 ECT(0), 3 CE. */
  ecn(index: number): number {
    return this.#meta[index * FIELDS + 3] ?? 0;
  }

  /** The first datagram behind `index` that was not described with it: those before are of one length, side by side. */
  endOfRun(index: number): number {
    return this.#meta[index * FIELDS + 4] ?? 0;
  }

  /** Lets the next datagram begin at a whole word. */
  align(): void {
    this.usedBytes = WORD_BYTES * Math.ceil(this.usedBytes / WORD_BYTES);
  }

  /** Appends the datagrams that were written at {@link DatagramBatch.usedBytes}: one, or `count` of one length. */
  append(length: number, address: number, ecn: number, count = 1): void {
    this.place(this.usedBytes, length, address, ecn, count);
    this.usedBytes += count * length;
  }

  /** Describes datagrams of one length that lie side by side at `offset` already, as a socket left them. There must be room for them. */
  place(offset: number, length: number, address: number, ecn: number, count = 1): void {
    const meta = this.#meta;
    const end = this.count + count;
    for (let index = this.count; index < end; index++) {
      const at = index * FIELDS;
      meta[at] = offset + (index - this.count) * length;
      meta[at + 1] = length;
      meta[at + 2] = address;
      meta[at + 3] = ecn;
      meta[at + 4] = end;
    }
    this.count = end;
  }

  /** Copies a datagram in; `false` when there is no room. */
  add(datagram: Uint8Array, address: number, ecn: number): boolean {
    if (!this.hasRoom(datagram.length)) return false;
    this.bytes.set(datagram, this.usedBytes);
    this.append(datagram.length, address, ecn);
    return true;
  }

  /** Has the latest datagram go by itself: it may be refused, and others must not be with it. */
  leaveAlone(): void {
    this.#alone.push(this.count - 1);
  }

  /** Whether a datagram goes by itself. */
  isAlone(index: number): boolean {
    return this.#alone.length > 0 && this.#alone.includes(index);
  }

  /** Empties the batch. */
  clear(): void {
    // Setting the length of an array leaves compiled code, whatever it was.
    if (this.#alone.length > 0) this.#alone.length = 0;
    this.count = 0;
    this.usedBytes = 0;
  }
}
