import { concatBytes } from "@proj/wire-types";
import { Http3Error } from "./http3-error.js";
import { encodeVarints, readVarint } from "./quic-varint.js";

/** A type, and the bytes that belong to it: a frame of HTTP/3, or a capsule. RFC 9114 §7.1, RFC 9297 §3.2 */
export interface Block {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Writes one block. */
export function encodeBlock(type: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes([encodeVarints(type, payload.length), payload]);
}

/** Cuts bytes into blocks. Blocks of types that nobody wants are skipped without being kept. */
export class BlockReader {
  readonly #wanted: ReadonlySet<number>;
  readonly #maxBytes: number;
  #kept: Uint8Array = new Uint8Array();
  #skip = 0;

  /** `maxBytes` is the longest payload of a wanted block. */
  constructor(wanted: readonly number[], maxBytes: number) {
    this.#wanted = new Set(wanted);
    this.#maxBytes = maxBytes;
  }

  /** Answers the wanted blocks that are complete now. @throws Http3Error `EXCESSIVE_LOAD` for one above the limit */
  push(chunk: Uint8Array): Block[] {
    const blocks: Block[] = [];
    let bytes = this.#kept.length === 0 ? chunk : concatBytes([this.#kept, chunk]);
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
      const type = readVarint(bytes, 0);
      const length = type && readVarint(bytes, type.next);
      if (type === undefined || length === undefined) break;
      if (!this.#wanted.has(type.value)) {
        this.#skip = length.value;
        bytes = bytes.subarray(length.next);
        continue;
      }
      if (length.value > this.#maxBytes) {
        throw new Http3Error("EXCESSIVE_LOAD", `a block of ${length.value} bytes`);
      }
      const end = length.next + length.value;
      if (bytes.length < end) break;
      blocks.push({ type: type.value, payload: bytes.subarray(length.next, end) });
      bytes = bytes.subarray(end);
    }
    // A copy, so that a small rest does not keep a large chunk alive.
    this.#kept = bytes.slice();
    return blocks;
  }
}
