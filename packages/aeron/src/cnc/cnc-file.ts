import { AeronError } from "../errors.js";
import { AtomicBuffer } from "../memory/atomic-buffer.js";

/** The version of cnc.dat that this package reads and writes: 0.2.0. spec/aeron.md §2 */
const CNC_VERSION = 0x0000_0200;
/** Bytes of the header of cnc.dat. */
const CNC_HEADER_BYTES = 128;
/** Bytes behind the ring to the driver. */
export const RING_TRAILER_BYTES = 768;
/** Bytes behind the broadcast to the clients. */
export const BROADCAST_TRAILER_BYTES = 128;

/** Offsets in the header of cnc.dat. */
const CncField = {
  version: 0,
  toDriverLength: 4,
  toClientsLength: 8,
  countersMetadataLength: 12,
  countersValuesLength: 16,
  errorLogLength: 20,
  clientLivenessTimeoutNs: 24,
  startTimestampMs: 32,
  pid: 40,
  pageSize: 48,
} as const;

/** How long the buffers of cnc.dat are. */
export interface CncLengths {
  /** Bytes of the ring of commands, its trailer counted. */
  readonly toDriver: number;
  /** Bytes of the broadcast of answers, its trailer counted. */
  readonly toClients: number;
  /** Bytes of what counters are called. */
  readonly countersMetadata: number;
  /** Bytes of their values. */
  readonly countersValues: number;
  /** Bytes of the log of errors. */
  readonly errorLog: number;
}

/** What is behind the header of cnc.dat, when it is whole. */
export interface CncFile {
  /** Commands go here. */
  readonly toDriver: AtomicBuffer;
  /** Answers come from here. */
  readonly toClients: AtomicBuffer;
  /** What counters are. */
  readonly countersMetadata: AtomicBuffer;
  /** What counters count. */
  readonly countersValues: AtomicBuffer;
  /** What went wrong in the driver. */
  readonly errorLog: AtomicBuffer;
  /** After how long the driver forgets a silent client, in nanoseconds. */
  readonly clientLivenessTimeoutNs: number;
  /** The driver's process. */
  readonly pid: number;
}

/** Returns the bytes of a cnc.dat with these buffers. */
export function cncFileBytes(lengths: CncLengths, pageSize: number): number {
  const { toDriver, toClients, countersMetadata, countersValues, errorLog } = lengths;
  const bytes =
    CNC_HEADER_BYTES + toDriver + toClients + countersMetadata + countersValues + errorLog;
  return Math.ceil(bytes / pageSize) * pageSize;
}

/**
 * Reads the header of a mapped cnc.dat.
 *
 * @returns `undefined` while the driver has not finished writing it.
 * @throws {@link AeronError} `aeron.file_invalid` for another version or lengths that do not fit.
 */
export function readCnc(bytes: Uint8Array): CncFile | undefined {
  if (bytes.length < CNC_HEADER_BYTES) return undefined;
  const file = new AtomicBuffer(bytes);
  const version = file.intAcquire(CncField.version);
  if (version === 0) return undefined;
  if (version >>> 16 !== CNC_VERSION >>> 16 || (version & 0xffff) < (CNC_VERSION & 0xffff)) {
    throw new AeronError("aeron.file_invalid", `cnc.dat of version ${format(version)}`);
  }
  const lengths = readLengths(file);
  let offset = CNC_HEADER_BYTES;
  const next = (length: number): AtomicBuffer => {
    const part = file.slice(offset, length);
    offset += length;
    return part;
  };
  return {
    toDriver: next(lengths.toDriver),
    toClients: next(lengths.toClients),
    countersMetadata: next(lengths.countersMetadata),
    countersValues: next(lengths.countersValues),
    errorLog: next(lengths.errorLog),
    clientLivenessTimeoutNs: Number(file.longAcquire(CncField.clientLivenessTimeoutNs)),
    pid: Number(file.longAcquire(CncField.pid)),
  };
}

function readLengths(file: AtomicBuffer): CncLengths {
  const at = (offset: number): number => file.view.getInt32(offset, true);
  const lengths = {
    toDriver: at(CncField.toDriverLength),
    toClients: at(CncField.toClientsLength),
    countersMetadata: at(CncField.countersMetadataLength),
    countersValues: at(CncField.countersValuesLength),
    errorLog: at(CncField.errorLogLength),
  };
  const all = Object.values(lengths);
  const sum = all.reduce((total, length) => total + length, CNC_HEADER_BYTES);
  const whole =
    all.every((length) => length > 0 && length % 8 === 0) &&
    isPowerOfTwo(lengths.toDriver - RING_TRAILER_BYTES) &&
    isPowerOfTwo(lengths.toClients - BROADCAST_TRAILER_BYTES) &&
    sum <= file.length;
  if (!whole) {
    const text = all.join(", ");
    throw new AeronError("aeron.file_invalid", `cnc.dat of ${file.length} bytes holds ${text}`);
  }
  return lengths;
}

/** Writes the header of cnc.dat, all but its version. */
export function initialiseCnc(
  bytes: Uint8Array,
  cnc: {
    readonly lengths: CncLengths;
    readonly clientLivenessTimeoutNs: number;
    readonly startTimestampMs: number;
    readonly pid: number;
    readonly pageSize: number;
  },
): void {
  const { view } = new AtomicBuffer(bytes);
  const { lengths } = cnc;
  view.setInt32(CncField.toDriverLength, lengths.toDriver, true);
  view.setInt32(CncField.toClientsLength, lengths.toClients, true);
  view.setInt32(CncField.countersMetadataLength, lengths.countersMetadata, true);
  view.setInt32(CncField.countersValuesLength, lengths.countersValues, true);
  view.setInt32(CncField.errorLogLength, lengths.errorLog, true);
  view.setBigInt64(CncField.clientLivenessTimeoutNs, BigInt(cnc.clientLivenessTimeoutNs), true);
  view.setBigInt64(CncField.startTimestampMs, BigInt(cnc.startTimestampMs), true);
  view.setBigInt64(CncField.pid, BigInt(cnc.pid), true);
  view.setInt32(CncField.pageSize, cnc.pageSize, true);
}

/** Writes the version, which tells clients that all the rest is there. */
export function publishCnc(bytes: Uint8Array): void {
  new AtomicBuffer(bytes).putIntRelease(CncField.version, CNC_VERSION);
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

function format(version: number): string {
  return `${version >>> 16}.${(version >>> 8) & 0xff}.${version & 0xff}`;
}
