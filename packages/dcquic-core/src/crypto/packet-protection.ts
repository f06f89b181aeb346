import { CHUNK_HEADER_BYTES, HEADER_BYTES, PacketType, Protection } from "../wire/constants.js";
import type { PacketHeader } from "../wire/packet-header.js";
import { aeadJob, type CryptoBackend, type PacketAead } from "./backend.js";
import {
  type AeadName,
  controlNonce,
  type ControlKeyMaterial,
  deriveControlKey,
  type Direction,
} from "./key-schedule.js";
import type { PacketBatch } from "./packet-batch.js";

/** The key of one worker, direction and key id, ready for packets. */
export class ControlKey {
  /** The key's number. */
  readonly keyId: number;
  readonly #aead: PacketAead;
  readonly #iv: Uint8Array;
  readonly #job = aeadJob();
  #headers = new Uint8Array(0);

  /** Takes what {@link deriveControlKey} gave. */
  constructor(crypto: CryptoBackend, keyId: number, material: ControlKeyMaterial) {
    this.keyId = keyId;
    this.#aead = crypto.aead(material.key);
    this.#iv = material.iv;
  }

  /**
   * Seals the packet whose header and payload lie at `offset` of `bytes`, in place; the tag is written after the payload.
   * The packet number must never have been used under this key before.
   *
   * @see spec/dcquic.md §7.3, §17.2
   */
  seal(bytes: Uint8Array, view: DataView, offset: number, header: PacketHeader): void {
    this.#aim(bytes, view, offset, header);
    this.#aead.seal(this.#job);
  }

  /** Opens such a packet in place; `false` when it does not verify. */
  open(bytes: Uint8Array, view: DataView, offset: number, header: PacketHeader): boolean {
    if (!this.#aim(bytes, view, offset, header)) return false;
    return this.#aead.open(this.#job);
  }

  /** Has such a packet sealed with others; see {@link ControlKey.seal}. */
  sealLater(
    batch: PacketBatch,
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    header: PacketHeader,
  ): void {
    this.#aim(bytes, view, offset, header);
    batch.seal(this.#aead, this.#job);
  }

  /** Has such a packet opened with others. Returns the ticket, or -1 when it cannot verify. */
  openLater(
    batch: PacketBatch,
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    header: PacketHeader,
  ): number {
    return this.#aim(bytes, view, offset, header) ? batch.open(this.#aead, this.#job) : -1;
  }

  /**
   * Has `count` packets sealed, from `offset` on, that are like the one before but for their numbers, each `strideBytes` further on. The
   * header is that of the first.
   */
  sealNext(
    batch: PacketBatch,
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    header: PacketHeader,
    strideBytes: number,
    count: number,
  ): void {
    const { packetNumber } = header;
    if (batch.sealNext(strideBytes, packetNumber, count)) return;
    for (let i = 0; i < count; i++) {
      header.packetNumber = packetNumber + i;
      this.sealLater(batch, bytes, view, offset + i * strideBytes, header);
    }
    header.packetNumber = packetNumber;
  }

  /** Has such packets opened after the one before. Returns the ticket of the first, or -1 where they have to be described whole. */
  openNext(batch: PacketBatch, header: PacketHeader, strideBytes: number, count: number): number {
    return batch.openNext(strideBytes, header.packetNumber, count);
  }

  #aim(bytes: Uint8Array, view: DataView, offset: number, header: PacketHeader): boolean {
    const job = this.#job;
    controlNonce(job.nonce, this.#iv, header.packetNumber);
    job.aad = bytes;
    job.aadOffset = offset;
    job.aadLength = HEADER_BYTES;
    job.bytes = bytes;
    job.bodyOffset = offset + HEADER_BYTES;
    job.bodyLength = header.payloadLength;
    job.tagOffset = job.bodyOffset + header.payloadLength;
    if (header.type !== PacketType.Data || header.protection === Protection.Packet) return true;
    job.bodyLength = 0;
    job.bodyOffset = job.tagOffset;
    if (header.protection === Protection.Record) {
      job.aadLength += header.payloadLength;
      return true;
    }
    const gathered = this.#gatherHeaders(bytes, view, offset, header.payloadLength);
    job.aad = this.#headers;
    job.aadOffset = 0;
    job.aadLength = gathered;
    return gathered >= 0;
  }

  // Mode 2: header and all chunk headers, side by side. Negative when the chunks do not fill the payload exactly.
  #gatherHeaders(bytes: Uint8Array, view: DataView, offset: number, payload: number): number {
    const room = HEADER_BYTES + payload;
    if (this.#headers.length < room) this.#headers = new Uint8Array(room);
    const headers = this.#headers;
    // A view costs more than these few bytes.
    for (let i = 0; i < HEADER_BYTES; i++) headers[i] = bytes[offset + i] ?? 0;
    let length = HEADER_BYTES;
    let at = offset + HEADER_BYTES;
    const end = at + payload;
    while (at < end) {
      if (end - at < CHUNK_HEADER_BYTES) return -1;
      for (let i = 0; i < CHUNK_HEADER_BYTES; i++) headers[length + i] = bytes[at + i] ?? 0;
      length += CHUNK_HEADER_BYTES;
      at += CHUNK_HEADER_BYTES + view.getUint16(at + 16, true);
    }
    return at === end ? length : -1;
  }
}

/** What the keys of one worker and direction are derived from. */
export interface ControlKeySource {
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** 32 bytes. */
  readonly pathSecret: Uint8Array;
  /** The path's AEAD. */
  readonly aead: AeadName;
  /** Direction of the packets. */
  readonly direction: Direction;
  /** The worker that sends them. */
  readonly worker: number;
  /** Told of each key that is derived. */
  readonly derived?: () => void;
}

/** Derives the key `keyId` of a source. */
export function controlKeyOf(source: ControlKeySource, keyId: number): ControlKey {
  const { crypto, pathSecret, aead, direction, worker } = source;
  source.derived?.();
  return new ControlKey(
    crypto,
    keyId,
    deriveControlKey(crypto, pathSecret, aead, direction, worker, keyId),
  );
}
