import { FrameDescriptorEncoder } from "../messages/generated/wire.js";
import { viewOf } from "@proj/sbe";

const DESCRIPTOR_BYTES = 48;
const ABSENT = 0xffff_ffff;
const TWO_32 = 2 ** 32;

/** Writes the descriptors of one epoch of a stream into the same 48 bytes, without making anything. */
export class DescriptorWriter {
  /** The descriptor as it was last written. */
  readonly bytes: Uint8Array = new Uint8Array(DESCRIPTOR_BYTES);
  readonly #encoder: FrameDescriptorEncoder;

  /** Prepares what all descriptors of the epoch have in common. */
  constructor(streamId: number, epoch: bigint) {
    this.#encoder = new FrameDescriptorEncoder().wrap(viewOf(this.bytes));
    this.#encoder.streamId(streamId).epoch(epoch);
  }

  /** Writes what is known of frame `seq`; `undefined` is absent. */
  write(
    seq: number,
    metaVersion: number,
    timestampNs: bigint | undefined,
    traceId: bigint | undefined,
  ): void {
    const encoder = this.#encoder;
    // A small integer where it can be: a quotient would be a number on the heap.
    encoder.seqWords(seq >>> 0, seq < TWO_32 ? 0 : Math.floor(seq / TWO_32));
    if (timestampNs === undefined) encoder.timestampNsWords(ABSENT, ABSENT);
    else encoder.timestampNs(timestampNs);
    encoder.metaVersion(metaVersion);
    if (traceId === undefined) encoder.traceIdWords(0, 0);
    else encoder.traceId(traceId);
  }
}
