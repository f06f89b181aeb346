import { TAG_BYTES } from "../wire/constants.js";
import { aeadJob, type CryptoBackend, type PacketAead } from "./backend.js";

const BINDING_BYTES = 16;
const NO_AAD = new Uint8Array(0);
const WORD = 2 ** 32;

/** How a message is cut into records. */
export interface RecordLayout {
  /** log2 of the plain bytes of a record, 14 to 24. */
  readonly recordLog2: number;
  /** Plain bytes of the message. */
  readonly totalBytes: number;
  /** Number of the message under its data key, below 2^48. */
  readonly messageNumber: number;
}

/** How many records a message has: at least one, also when it is empty. spec/dcquic.md §8.2 */
function recordCount(layout: RecordLayout): number {
  return Math.max(1, Math.ceil(layout.totalBytes / 2 ** layout.recordLog2));
}

/** How many wire bytes a message has: each record adds its tag. §8.2 */
export function wireBytesOf(layout: RecordLayout): number {
  return layout.totalBytes + TAG_BYTES * recordCount(layout);
}

/** Writes the nonce of a record into `into`: message number u48 ‖ record index u40 ‖ final flag. §8.2 */
export function recordNonce(into: Uint8Array, layout: RecordLayout, index: number): void {
  putWord(into, 0, layout.messageNumber % WORD);
  const high = Math.floor(layout.messageNumber / WORD);
  into[4] = high;
  into[5] = high >>> 8;
  putWord(into, 6, index % WORD);
  into[10] = Math.floor(index / WORD);
  into[11] = index === recordCount(layout) - 1 ? 1 : 0;
}

// A view on the nonce would cost more than all that is written into it.
function putWord(into: Uint8Array, at: number, word: number): void {
  into[at] = word;
  into[at + 1] = word >>> 8;
  into[at + 2] = word >>> 16;
  into[at + 3] = word >>> 24;
}

/**
 * Encrypts a whole message into `into`, which has {@link wireBytesOf} bytes from `offset` on, and returns its 16 binding
 * bytes.
 */
export function sealRecords(
  crypto: CryptoBackend,
  aead: PacketAead,
  layout: RecordLayout,
  plain: Uint8Array,
  into: Uint8Array,
  offset = 0,
): Uint8Array {
  const job = aeadJob();
  const recordBytes = 2 ** layout.recordLog2;
  const count = recordCount(layout);
  job.aad = NO_AAD;
  job.bytes = into;
  for (let index = 0; index < count; index++) {
    const from = index * recordBytes;
    job.bodyOffset = offset + index * (recordBytes + TAG_BYTES);
    job.bodyLength = Math.min(recordBytes, layout.totalBytes - from);
    job.tagOffset = job.bodyOffset + job.bodyLength;
    recordNonce(job.nonce, layout, index);
    aead.sealFrom(job, plain, from);
  }
  return bindingOf(crypto, layout, into, offset);
}

/** Computes the first 16 bytes of SHA-256 over all record tags in order. §8.2 */
export function bindingOf(
  crypto: CryptoBackend,
  layout: RecordLayout,
  wire: Uint8Array,
  offset = 0,
): Uint8Array {
  const count = recordCount(layout);
  const stride = 2 ** layout.recordLog2 + TAG_BYTES;
  const tags = new Uint8Array(count * TAG_BYTES);
  for (let index = 0; index < count; index++) {
    const end = offset + Math.min((index + 1) * stride, wireBytesOf(layout));
    tags.set(wire.subarray(end - TAG_BYTES, end), index * TAG_BYTES);
  }
  return bindingOfTags(crypto, tags);
}

/** Computes the binding from the tags of all records, side by side in their order. §8.2 */
export function bindingOfTags(crypto: CryptoBackend, tags: Uint8Array): Uint8Array {
  return crypto.sha256([tags]).slice(0, BINDING_BYTES);
}

/**
 * Decrypts record `index`, whose `length` plain bytes lie at `start` of `bytes`, to the front of `into`, or in place where that
 * is absent; `false` if it does not verify.
 */
export function openRecord(
  aead: PacketAead,
  layout: RecordLayout,
  index: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  into?: Uint8Array,
): boolean {
  const job = aeadJob();
  job.aad = NO_AAD;
  job.bytes = bytes;
  job.bodyOffset = start;
  job.bodyLength = length;
  job.tagOffset = start + length;
  recordNonce(job.nonce, layout, index);
  return into === undefined ? aead.open(job) : aead.openInto(job, into, 0);
}
