import type { KeyRing } from "@proj/native-io";
import { type AeadJob, aeadJob } from "../crypto/backend.js";
import { copyNow } from "../crypto/packet-batch.js";
import { TAG_BYTES } from "../wire/constants.js";
import { AeadRows } from "./aead-rows.js";

/** Room for the headers and tags of more packets than are received or sent at once, where each carries one chunk. */
const ROOM_BYTES = 131_072;
const NO_BYTES = new Uint8Array(0);

/**
 * Packets of which only the headers are authenticated, which lie between bytes that are not: headers are brought together for one
 * native call, and tags taken back to where they belong.
 *
 * @see spec/dcquic.md §8.1
 */
export class HeaderRows {
  readonly #rows = new AeadRows();
  readonly #job = aeadJob();
  // Where each row's tag belongs.
  readonly #slabs: Uint8Array[] = [];
  readonly #places: number[] = [];
  #bytes: Uint8Array = NO_BYTES;
  #used = 0;

  /** Adds a packet under the key of a slot. Returns its row, or -1 for one that has a body, or for which there is no room. */
  add(slot: number, job: AeadJob): number {
    const { aadLength, bytes, tagOffset } = job;
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(ROOM_BYTES);
    const tag = this.#used + aadLength;
    if (job.bodyLength > 0 || tag + TAG_BYTES > ROOM_BYTES) return -1;
    const own = this.#job;
    own.nonce = job.nonce;
    own.aad = this.#bytes;
    own.bytes = this.#bytes;
    own.aadOffset = this.#used;
    own.aadLength = aadLength;
    own.bodyOffset = tag;
    own.tagOffset = tag;
    copyNow(job.aad, job.aadOffset, own.bytes, own.aadOffset, aadLength);
    copyNow(bytes, tagOffset, own.bytes, tag, TAG_BYTES);
    const row = this.#rows.add(slot, own);
    this.#slabs[row] = bytes;
    this.#places[row] = tagOffset;
    this.#used = tag + TAG_BYTES;
    return row;
  }

  /** Seals all packets. */
  seal(ring: KeyRing): void {
    this.#rows.seal(ring);
    for (let row = 0; row < this.#rows.count; row++) {
      const slab = this.#slabs[row] ?? NO_BYTES;
      copyNow(this.#bytes, this.#rows.tagOf(row), slab, this.#places[row] ?? 0, TAG_BYTES);
    }
    this.clear();
  }

  /** Opens all packets. */
  open(ring: KeyRing): void {
    this.#rows.open(ring);
  }

  /** Whether a packet was authentic. */
  isDone(row: number): boolean {
    return this.#rows.isDone(row);
  }

  /** Forgets all packets. */
  clear(): void {
    if (this.#rows.count === 0) return;
    this.#rows.clear();
    // Setting the length of an array leaves compiled code.
    this.#slabs.length = 0;
    this.#used = 0;
  }
}
