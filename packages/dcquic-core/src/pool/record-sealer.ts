import type { RandomSource } from "@proj/wire-types";
import type { BufferRegistry, RegisteredBuffer } from "../buffer/buffer-registry.js";
import { type AeadJob, aeadJob, type CryptoBackend, type PacketAead } from "../crypto/backend.js";
import { drawDataKey } from "../crypto/data-keys.js";
import { type RecordLayout, recordNonce, wireBytesOf } from "../crypto/records.js";
import { PayloadMode, TAG_BYTES } from "../wire/constants.js";

/** log2 of the default record: 64 KiB. spec/dcquic.md §20 */
const DEFAULT_RECORD_LOG2 = 16;

/** What sealing takes from its surroundings. */
export interface SealingSurroundings {
  /** Where the buffer belongs. */
  readonly buffers: BufferRegistry;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** Where keys come from. */
  readonly random: RandomSource;
  /** log2 of a record's plain bytes; 16 if absent. */
  readonly recordLog2?: number | undefined;
}

const NO_AAD = new Uint8Array(0);
const BINDING_BYTES = 16;

/** Bytes that a sealed message of `size` plain bytes takes. §8.2 */
export function sealedBytes(
  size: number,
  { recordLog2 }: Pick<SealingSurroundings, "recordLog2">,
): number {
  return wireBytesOf(layoutOf(size, recordLog2));
}

function layoutOf(totalBytes: number, recordLog2: number = DEFAULT_RECORD_LOG2): RecordLayout {
  return { recordLog2, totalBytes, messageNumber: 0 };
}

/**
 * Encrypts bytes into a buffer, record by record, while they are written: one record of plain text exists at a time.
 *
 * @see spec/dcquic.md §8.2
 */
export class RecordSealer {
  /** What it works with. */
  readonly surroundings: SealingSurroundings;
  readonly #buffer: RegisteredBuffer;
  readonly #layout: RecordLayout;
  #work: { aead: PacketAead; job: AeadJob; key: Uint8Array; tags: Uint8Array } | undefined;
  #held = 0;
  #index = 0;
  #written = 0;

  /** Seals `size` bytes into `buffer`, which has {@link sealedBytes}. */
  constructor(buffer: RegisteredBuffer, size: number, surroundings: SealingSurroundings) {
    this.surroundings = surroundings;
    this.#buffer = buffer;
    this.#layout = layoutOf(size, surroundings.recordLog2);
  }

  /** Plain bytes written so far. */
  get written(): number {
    return this.#written;
  }

  /** Appends plain bytes. */
  write(plain: Uint8Array): void {
    const { totalBytes, recordLog2 } = this.#layout;
    if (this.#written + plain.length > totalBytes) {
      throw new RangeError(`${this.#written + plain.length} bytes into a buffer of ${totalBytes}`);
    }
    const { job } = (this.#work ??= this.#begin());
    const recordBytes = 2 ** recordLog2;
    for (let at = 0; at < plain.length;) {
      const part = Math.min(recordBytes - this.#held, plain.length - at);
      job.bytes.set(plain.subarray(at, at + part), this.#held);
      this.#held += part;
      this.#written += part;
      at += part;
      if (this.#held === recordBytes) this.#seal();
    }
  }

  /** Seals the last record and fills the buffer. @throws RangeError unless all bytes were written. */
  fill(): void {
    const { totalBytes, recordLog2, messageNumber } = this.#layout;
    if (this.#written !== totalBytes) {
      throw new RangeError(`${this.#written} bytes of ${totalBytes} written`);
    }
    const { key, tags } = (this.#work ??= this.#begin());
    if (this.#held > 0 || totalBytes === 0) this.#seal();
    const { buffers, crypto } = this.surroundings;
    buffers.fill(this.#buffer, {
      protection: PayloadMode.Record,
      recordLog2,
      totalBytes,
      binding: crypto.sha256([tags]).slice(0, BINDING_BYTES),
      dataKey: key,
      messageNumber,
    });
    this.#work = undefined;
  }

  #begin(): { aead: PacketAead; job: AeadJob; key: Uint8Array; tags: Uint8Array } {
    const { crypto, random } = this.surroundings;
    const { key } = drawDataKey(random);
    const { totalBytes, recordLog2 } = this.#layout;
    const job = aeadJob();
    job.aad = NO_AAD;
    job.bytes = new Uint8Array(Math.min(totalBytes, 2 ** recordLog2) + TAG_BYTES);
    const records = (wireBytesOf(this.#layout) - totalBytes) / TAG_BYTES;
    return { aead: crypto.aead(key), job, key, tags: new Uint8Array(records * TAG_BYTES) };
  }

  #seal(): void {
    const work = this.#work;
    if (work === undefined) return;
    const { job, aead, tags } = work;
    job.bodyOffset = 0;
    job.bodyLength = this.#held;
    job.tagOffset = this.#held;
    recordNonce(job.nonce, this.#layout, this.#index);
    aead.seal(job);
    const wireRecord = 2 ** this.#layout.recordLog2 + TAG_BYTES;
    const end = this.#held + TAG_BYTES;
    const { buffers } = this.surroundings;
    buffers.write(this.#buffer, this.#index * wireRecord, job.bytes.subarray(0, end));
    tags.set(job.bytes.subarray(this.#held, end), this.#index * TAG_BYTES);
    this.#index += 1;
    this.#held = 0;
  }
}
