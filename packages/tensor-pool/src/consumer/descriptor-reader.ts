const NOTHING = new DataView(new ArrayBuffer(8));
const ABSENT = 2n ** 64n - 1n;
const HEADER_BYTES = 8;
const TEMPLATE = 4;
const SCHEMA_AND_VERSION = 0x0001_0384;
const SHORT_BLOCK = 32;
const OLD_BLOCK = 36;
const FULL_BLOCK = 40;
/** Twice the number and one must be a safe integer, so that the number stays below 2^52. */
const MAX_SEQ_HIGH = 2 ** 20 - 1;

/** What a descriptor says, read in place. One object serves all. spec/tensor-pool.md §13.1, §20 */
export class DescriptorReader {
  /** The stream. */
  streamId = 0;
  /** The low 32 bits of the epoch, signed. */
  epochLow = 0;
  /** The high 32 bits of the epoch, signed. */
  epochHigh = 0;
  /** The frame. */
  seq = 0;
  /** The low 32 bits of the frame's number, signed. */
  seqLow = 0;
  /** The high 32 bits of it. */
  seqHigh = 0;
  /** The metadata that describes it; 4294967295 is none. */
  metaVersion = 0;
  #view: DataView = NOTHING;
  #timestampAt = 0;
  #traceAt = 0;

  /** When it was published, if that was said. */
  get timestampNs(): bigint | undefined {
    const value = this.#view.getBigUint64(this.#timestampAt, true);
    return value === ABSENT ? undefined : value;
  }

  /** The low 32 bits of where the frame comes from; 0 with a high half of 0 when that was not said. */
  get traceIdLow(): number {
    return this.#traceAt === 0 ? 0 : this.#view.getUint32(this.#traceAt, true);
  }

  /** The high 32 bits of it. */
  get traceIdHigh(): number {
    return this.#traceAt === 0 ? 0 : this.#view.getUint32(this.#traceAt + 4, true);
  }

  /**
   * Reads the message at `offset`, its header counted, of wire version 1.2 or 1.1.
   *
   * @returns Whether it is a descriptor. What was read is valid until the buffer is reused.
   */
  read(view: DataView, offset: number, length: number, nslots: number): boolean {
    if (length < HEADER_BYTES + 32) return false;
    const start = view.getUint32(offset, true);
    if (start >>> 16 !== TEMPLATE) return false;
    if (view.getUint32(offset + 4, true) !== SCHEMA_AND_VERSION) return false;
    const block = start & 0xffff;
    const at = offset + HEADER_BYTES;
    if (block > length - HEADER_BYTES) return false;
    if (this.#view !== view) this.#view = view;
    this.streamId = view.getUint32(at, true);
    this.epochLow = view.getInt32(at + 4, true);
    this.epochHigh = view.getInt32(at + 8, true);
    const seqLow = view.getInt32(at + 12, true);
    const seqHigh = view.getInt32(at + 16, true);
    if (seqHigh < 0 || seqHigh > MAX_SEQ_HIGH) return false;
    this.seqLow = seqLow;
    this.seqHigh = seqHigh;
    this.seq = seqHigh === 0 && seqLow >= 0 ? seqLow : seqHigh * 2 ** 32 + (seqLow >>> 0);
    if (block === OLD_BLOCK) return this.#readOld(view, at, nslots);
    if (block !== SHORT_BLOCK && block < FULL_BLOCK) return false;
    this.#timestampAt = at + 20;
    this.metaVersion = view.getUint32(at + 28, true);
    this.#traceAt = block >= FULL_BLOCK ? at + 32 : 0;
    return true;
  }

  // Version 1.1 sends the slot as well; it must be the one that the number means.
  #readOld(view: DataView, at: number, nslots: number): boolean {
    this.#timestampAt = at + 24;
    this.metaVersion = view.getUint32(at + 32, true);
    this.#traceAt = 0;
    return view.getInt32(at + 20, true) === (this.seqLow & (nslots - 1));
  }
}
