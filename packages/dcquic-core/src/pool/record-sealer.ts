import type { RandomSource } from "@proj/wire-types";
import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import { type AeadJob, aeadJob, type CryptoBackend, type PacketAead } from "../crypto/backend.js";
import { drawDataKey, type SealingKey } from "../crypto/data-keys.js";
import { type RecordLayout, recordNonce, wireBytesOf } from "../crypto/records.js";
import { PayloadMode, TAG_BYTES } from "../wire/constants.js";
import type { PoolBuffers } from "./pool-port.js";

/** log2 of the default record: 64 KiB. spec/dcquic.md §20 */
const DEFAULT_RECORD_LOG2 = 16;

/** What sealing takes from its surroundings. */
export interface SealingSurroundings {
  /** Where the buffer belongs. */
  readonly buffers: PoolBuffers;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** Where keys come from. */
  readonly random: RandomSource;
  /** log2 of a record's plain bytes; 16 if absent. */
  readonly recordLog2?: number | undefined;
}

interface Work {
  readonly aead: PacketAead;
  readonly job: AeadJob;
  readonly key: Uint8Array;
  readonly tags: Uint8Array;
  part: Uint8Array;
}

const NO_AAD = new Uint8Array(0);
const NO_BYTES = new Uint8Array(0);
const BINDING_BYTES = 16;

/** Bytes that a sealed message of `size` plain bytes takes. §8.2 */
export function sealedBytes(
  size: number,
  { recordLog2 }: Pick<SealingSurroundings, "recordLog2">,
): number {
  return wireBytesOf(layoutOf(size, recordLog2));
}

function layoutOf(
  totalBytes: number,
  recordLog2: number = DEFAULT_RECORD_LOG2,
  messageNumber = 0,
): RecordLayout {
  return { recordLog2, totalBytes, messageNumber };
}

/**
 * Encrypts bytes into a buffer, record by record, while they are written: what is copied of them is one record at most.
 *
 * @see spec/dcquic.md §8.2
 */
export class RecordSealer {
  /** What it works with. */
  readonly surroundings: SealingSurroundings;
  readonly #buffer: RegisteredBuffer;
  readonly #layout: RecordLayout;
  readonly #key: SealingKey | undefined;
  #work: Work | undefined;
  #held = 0;
  #index = 0;
  #written = 0;

  /** Seals `size` bytes into `buffer`, which has {@link sealedBytes}; under a key of its own unless one is given. */
  constructor(
    buffer: RegisteredBuffer,
    size: number,
    surroundings: SealingSurroundings,
    key?: SealingKey,
  ) {
    this.surroundings = surroundings;
    this.#buffer = buffer;
    this.#layout = layoutOf(size, surroundings.recordLog2, key?.messageNumber);
    this.#key = key;
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
    const work = (this.#work ??= this.#begin());
    const recordBytes = 2 ** recordLog2;
    for (let at = 0; at < plain.length;) {
      const part = Math.min(recordBytes - this.#held, plain.length - at);
      this.#written += part;
      if (part === recordBytes) this.#seal(work, plain, at, part);
      else this.#hold(work, plain.subarray(at, at + part));
      at += part;
    }
  }

  /** Seals the last record and fills the buffer. @throws RangeError unless all bytes were written. */
  fill(): void {
    const { totalBytes, recordLog2, messageNumber } = this.#layout;
    if (this.#written !== totalBytes) {
      throw new RangeError(`${this.#written} bytes of ${totalBytes} written`);
    }
    const work = (this.#work ??= this.#begin());
    const { key, tags } = work;
    if (this.#held > 0 || totalBytes === 0) this.#sealHeld(work);
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

  #begin(): Work {
    const { crypto, random } = this.surroundings;
    const key = this.#key?.key ?? drawDataKey(random).key;
    const aead = this.#key?.aead ?? crypto.aead(key);
    const job = aeadJob();
    job.aad = NO_AAD;
    const records = (wireBytesOf(this.#layout) - this.#layout.totalBytes) / TAG_BYTES;
    const tags = new Uint8Array(records * TAG_BYTES);
    return { aead, job, key, tags, part: NO_BYTES };
  }

  // Plain bytes of a record that comes in parts wait in memory that no peer can read.
  #hold(work: Work, plain: Uint8Array): void {
    const { totalBytes, recordLog2 } = this.#layout;
    if (work.part.length === 0) work.part = new Uint8Array(Math.min(totalBytes, 2 ** recordLog2));
    work.part.set(plain, this.#held);
    this.#held += plain.length;
    if (this.#held === 2 ** recordLog2) this.#sealHeld(work);
  }

  #sealHeld(work: Work): void {
    this.#seal(work, work.part, 0, this.#held);
    this.#held = 0;
  }

  #seal({ job, aead, tags }: Work, plain: Uint8Array, from: number, length: number): void {
    const { buffers } = this.surroundings;
    const sealedLength = length + TAG_BYTES;
    const wireOffset = this.#index * (2 ** this.#layout.recordLog2 + TAG_BYTES);
    const place = buffers.lend(this.#buffer, wireOffset, sealedLength);
    job.bytes = place ?? new Uint8Array(sealedLength);
    job.bodyLength = length;
    job.tagOffset = length;
    recordNonce(job.nonce, this.#layout, this.#index);
    aead.sealFrom(job, plain, from);
    if (place === undefined) buffers.write(this.#buffer, wireOffset, job.bytes);
    tags.set(job.bytes.subarray(length, sealedLength), this.#index * TAG_BYTES);
    this.#index += 1;
  }
}
