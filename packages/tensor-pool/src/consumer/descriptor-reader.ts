import { slotOf } from "../region/layout.js";
import type { MappedStream } from "../region/mapped-stream.js";
import type { DropReason } from "./drop-reason.js";

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

/** Why a descriptor is not one of a stream's epoch. */
export type DescriptorFault = Extract<DropReason, "malformed" | "wrongStream" | "epochMismatch">;

/** What a descriptor says, read in place. One object serves all. spec/tensor-pool.md §13.1, §20 */
export class DescriptorReader {
  /** The frame. */
  seq = 0;
  /** The low 32 bits of the frame's number, signed. */
  seqLow = 0;
  /** The low 32 bits of what the frame's slot holds once it is committed, `seq * 2 + 1`; signed. */
  commitLow = 0;
  /** The high 32 bits of it. */
  commitHigh = 0;
  /** The metadata that describes it; 4294967295 is none. */
  metaVersion = 0;
  /** The low 32 bits of where the frame comes from; 0 with a high half of 0 when that was not said. */
  traceIdLow = 0;
  /** The high 32 bits of it. */
  traceIdHigh = 0;
  #view: DataView = NOTHING;
  #timestampAt = 0;

  /** When it was published, if that was said. */
  get timestampNs(): bigint | undefined {
    const value = this.#view.getBigUint64(this.#timestampAt, true);
    return value === ABSENT ? undefined : value;
  }

  /**
   * Reads the message at `offset`, its header counted, of wire version 1.2 or 1.1.
   *
   * In parts: what is larger does not become a part of its caller, and a call costs as much as half of what it does.
   *
   * @returns Why it is not a descriptor of `stream`; `undefined` when it is one. What was read is valid until the buffer is reused.
   */
  read(
    stream: MappedStream,
    view: DataView,
    offset: number,
    length: number,
  ): DescriptorFault | undefined {
    if (length < HEADER_BYTES + SHORT_BLOCK) return "malformed";
    const start = view.getUint32(offset, true);
    if (start >>> 16 !== TEMPLATE) return "malformed";
    if (view.getUint32(offset + 4, true) !== SCHEMA_AND_VERSION) return "malformed";
    const block = start & 0xffff;
    if (block > length - HEADER_BYTES) return "malformed";
    const at = offset + HEADER_BYTES;
    if (block < FULL_BLOCK) {
      if (!this.#readShort(stream, view, at, block)) return "malformed";
    } else {
      this.#timestampAt = at + 20;
      this.metaVersion = view.getUint32(at + 28, true);
      this.traceIdLow = view.getUint32(at + 32, true);
      this.traceIdHigh = view.getUint32(at + 36, true);
    }
    if (this.#view !== view) this.#view = view;
    return this.#readFrame(stream, view, at);
  }

  #readFrame(stream: MappedStream, view: DataView, at: number): DescriptorFault | undefined {
    const seqLow = view.getInt32(at + 12, true);
    const seqHigh = view.getInt32(at + 16, true);
    if (seqHigh < 0 || seqHigh > MAX_SEQ_HIGH) return "malformed";
    if (view.getUint32(at, true) !== stream.streamId) return "wrongStream";
    if (view.getInt32(at + 4, true) !== stream.epochLow) return "epochMismatch";
    if (view.getInt32(at + 8, true) !== stream.epochHigh) return "epochMismatch";
    this.seqLow = seqLow;
    this.seq = seqHigh === 0 && seqLow >= 0 ? seqLow : seqHigh * 2 ** 32 + (seqLow >>> 0);
    this.commitLow = (seqLow << 1) | 1;
    this.commitHigh = (seqHigh << 1) | (seqLow >>> 31);
    return undefined;
  }

  // Without a trace; version 1.1 sends the slot as well, which must be the one that the number means.
  #readShort(stream: MappedStream, view: DataView, at: number, block: number): boolean {
    if (block !== SHORT_BLOCK && block !== OLD_BLOCK) return false;
    const old = block === OLD_BLOCK;
    if (
      old &&
      view.getInt32(at + 20, true) !== slotOf(view.getInt32(at + 12, true), stream.nslots)
    ) {
      return false;
    }
    this.#timestampAt = at + (old ? 24 : 20);
    this.metaVersion = view.getUint32(at + (old ? 32 : 28), true);
    this.traceIdLow = 0;
    this.traceIdHigh = 0;
    return true;
  }
}
