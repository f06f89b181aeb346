// Offset, length, address, ECN bits.
const FIELDS = 4;

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

  /** Makes a batch for so many datagrams and bytes. */
  constructor(datagrams: number, slabBytes: number) {
    this.bytes = new Uint8Array(slabBytes);
    this.view = new DataView(this.bytes.buffer);
    this.#meta = new Int32Array(datagrams * FIELDS);
  }

  /** How many datagrams fit at most. */
  get capacity(): number {
    return this.#meta.length / FIELDS;
  }

  /** Whether another datagram of so many bytes fits. */
  hasRoom(bytes: number): boolean {
    return this.count < this.capacity && this.usedBytes + bytes <= this.bytes.length;
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

  /** Appends the datagram that was written at {@link DatagramBatch.usedBytes}. */
  append(length: number, address: number, ecn: number): void {
    const at = this.count * FIELDS;
    this.#meta[at] = this.usedBytes;
    this.#meta[at + 1] = length;
    this.#meta[at + 2] = address;
    this.#meta[at + 3] = ecn;
    this.usedBytes += length;
    this.count += 1;
  }

  /** Copies a datagram in; `false` when there is no room. */
  add(datagram: Uint8Array, address: number, ecn: number): boolean {
    if (!this.hasRoom(datagram.length)) return false;
    this.bytes.set(datagram, this.usedBytes);
    this.append(datagram.length, address, ecn);
    return true;
  }

  /** Empties the batch. */
  clear(): void {
    this.count = 0;
    this.usedBytes = 0;
  }
}
