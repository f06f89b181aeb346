import { AeronError } from "../errors.js";
import { align, AtomicBuffer } from "../memory/atomic-buffer.js";

/** Terms of a log. spec/aeron.md §7 */
export const PARTITIONS = 3;
/** Bytes of the metadata at the end of a log file. */
const LOG_METADATA_BYTES = 4_096;
/** The smallest term. */
const TERM_MIN_BYTES = 65_536;
/** The largest term. */
const TERM_MAX_BYTES = 1_073_741_824;

/** Offsets in the metadata of a log. spec/aeron.md §7 */
export const LogMeta = {
  tail: 0,
  activeTermCount: 24,
  endOfStreamPosition: 128,
  isConnected: 136,
  activeTransportCount: 140,
  correlationId: 256,
  initialTermId: 264,
  defaultHeaderLength: 268,
  mtu: 272,
  termLength: 276,
  pageSize: 280,
  publicationWindow: 284,
  defaultHeader: 320,
  sparse: 492,
  tether: 495,
  revoked: 496,
  type: 497,
} as const;

/** The end of a stream that is not closed. */
const NO_END: bigint = 2n ** 63n - 1n;

/** Returns the bytes of a log file with terms of `termLength` bytes. */
export function logFileBytes(termLength: number, pageSize: number): number {
  const bytes = PARTITIONS * termLength + LOG_METADATA_BYTES;
  return Math.ceil(bytes / pageSize) * pageSize;
}

/** Tells whether a term may have so many bytes. */
export function isTermLength(bytes: number): boolean {
  return bytes >= TERM_MIN_BYTES && bytes <= TERM_MAX_BYTES && (bytes & (bytes - 1)) === 0;
}

/** Returns the raw tail of a term: the term id above, the offset below. */
export function rawTail(termId: number, offset: number): bigint {
  return (BigInt(termId) << 32n) | BigInt(offset);
}

/** A mapped log file: three terms and the metadata behind them. spec/aeron.md §7 */
export class LogBuffers {
  /** The terms, by partition. */
  readonly terms: readonly [AtomicBuffer, AtomicBuffer, AtomicBuffer];
  /** The metadata. */
  readonly meta: AtomicBuffer;
  /** Bytes of a term, a power of two. */
  readonly termLength: number;
  /** The id of the first term; signed, and it wraps. */
  readonly initialTermId: number;
  /** The largest frame, header counted. */
  readonly mtu: number;

  /** @throws {@link AeronError} `aeron.file_invalid` when the metadata contradicts the size. */
  constructor(bytes: Uint8Array) {
    const metaAt = bytes.length - LOG_METADATA_BYTES;
    if (metaAt < PARTITIONS * TERM_MIN_BYTES || metaAt % 8 !== 0) {
      throw new AeronError("aeron.file_invalid", `a log of ${bytes.length} bytes`);
    }
    this.meta = new AtomicBuffer(bytes.subarray(metaAt));
    const { words } = this.meta;
    this.termLength = words[LogMeta.termLength >> 2] ?? 0;
    this.initialTermId = words[LogMeta.initialTermId >> 2] ?? 0;
    this.mtu = words[LogMeta.mtu >> 2] ?? 0;
    if (!isTermLength(this.termLength) || PARTITIONS * this.termLength > metaAt) {
      throw new AeronError(
        "aeron.file_invalid",
        `terms of ${this.termLength} bytes in a log of ${bytes.length} bytes`,
      );
    }
    if (this.mtu <= 32 || this.mtu % 32 !== 0 || this.mtu > 65_536) {
      throw new AeronError("aeron.file_invalid", `an MTU of ${this.mtu} bytes`);
    }
    const term = (index: number): AtomicBuffer =>
      new AtomicBuffer(bytes.subarray(index * this.termLength, (index + 1) * this.termLength));
    this.terms = [term(0), term(1), term(2)];
  }

  /** The term that holds this position. */
  termAt(position: number): AtomicBuffer {
    return this.partition(Math.floor(position / this.termLength) % PARTITIONS);
  }

  /** The term of partition 0, 1 or 2. */
  partition(index: number): AtomicBuffer {
    if (index === 0) return this.terms[0];
    return index === 1 ? this.terms[1] : this.terms[2];
  }

  /** How many terms were started before the present one. */
  activeTermCount(): number {
    return this.meta.intAcquire(LogMeta.activeTermCount);
  }

  /** The raw tail of the partition of a term count. */
  rawTail(termCount: number): bigint {
    return this.meta.longAcquire(LogMeta.tail + (termCount % PARTITIONS) * 8);
  }

  /** Whether anybody is subscribed. */
  isConnected(): boolean {
    return this.meta.intAcquire(LogMeta.isConnected) === 1;
  }

  /** Where the stream ends, or `Infinity` while nobody knows. */
  endOfStreamPosition(): number {
    const end = this.meta.longAcquire(LogMeta.endOfStreamPosition);
    return end === NO_END ? Number.POSITIVE_INFINITY : Number(end);
  }

  /** Where the next message will lie, as far as the writers have come. */
  producerPosition(): number {
    const count = this.activeTermCount();
    const raw = this.rawTail(count);
    const offset = Math.min(Number(raw & 0xffff_ffffn), this.termLength);
    return ((Number(raw >> 32n) - this.initialTermId) | 0) * this.termLength + offset;
  }

  /** Moves to the next term: harmless when somebody else has done it. spec/aeron.md §8 */
  rotate(termCount: number, termId: number): void {
    const next = LogMeta.tail + ((termCount + 1) % PARTITIONS) * 8;
    const expectedId = (termId + 1 - PARTITIONS) | 0;
    for (;;) {
      const raw = this.meta.longAcquire(next);
      if (Number(raw >> 32n) !== expectedId) break;
      if (this.meta.casLong(next, raw, rawTail((termId + 1) | 0, 0))) break;
    }
    this.meta.casInt(LogMeta.activeTermCount, termCount, termCount + 1);
  }
}

/** What is fixed when a log is made. */
export interface LogParameters {
  /** Bytes of a term. */
  readonly termLength: number;
  /** The largest frame. */
  readonly mtu: number;
  /** The id of the first term. */
  readonly initialTermId: number;
  /** Whose frames they are. */
  readonly sessionId: number;
  /** The stream. */
  readonly streamId: number;
  /** The registration that asked for the log. */
  readonly correlationId: bigint;
  /** Whether one writer has it for itself. */
  readonly exclusive: boolean;
  /** Bytes of a page of the file. */
  readonly pageSize: number;
  /** How far writers may be ahead of readers. */
  readonly windowBytes: number;
}

/** Fills the metadata of a log file that is all zero. */
export function initialiseLog(bytes: Uint8Array, log: LogParameters): void {
  const meta = new AtomicBuffer(bytes.subarray(bytes.length - LOG_METADATA_BYTES));
  const { view } = meta;
  const id = log.initialTermId;
  view.setBigInt64(LogMeta.tail, rawTail(id, 0), true);
  view.setBigInt64(LogMeta.tail + 8, rawTail((id + 1 - PARTITIONS) | 0, 0), true);
  view.setBigInt64(LogMeta.tail + 16, rawTail((id + 2 - PARTITIONS) | 0, 0), true);
  view.setBigInt64(LogMeta.endOfStreamPosition, NO_END, true);
  view.setBigInt64(LogMeta.correlationId, log.correlationId, true);
  view.setInt32(LogMeta.initialTermId, id, true);
  view.setInt32(LogMeta.defaultHeaderLength, 32, true);
  view.setInt32(LogMeta.mtu, log.mtu, true);
  view.setInt32(LogMeta.pageSize, log.pageSize, true);
  view.setInt32(LogMeta.publicationWindow, log.windowBytes, true);
  view.setUint8(LogMeta.defaultHeader + 5, 0xc0);
  view.setUint16(LogMeta.defaultHeader + 6, 1, true);
  view.setInt32(LogMeta.defaultHeader + 12, log.sessionId, true);
  view.setInt32(LogMeta.defaultHeader + 16, log.streamId, true);
  view.setInt32(LogMeta.defaultHeader + 20, id, true);
  view.setUint8(LogMeta.sparse, 1);
  view.setUint8(LogMeta.tether, 1);
  view.setUint8(LogMeta.type, log.exclusive ? 1 : 0);
  meta.putIntRelease(LogMeta.termLength, log.termLength);
}

/** Rounds a frame up to where the next one starts. */
export function alignFrame(length: number): number {
  return align(length, 32);
}
