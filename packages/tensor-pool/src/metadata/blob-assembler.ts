import { crc32c } from "@proj/wire-types";
import type {
  MetaBlobAnnounce,
  MetaBlobChunk,
  MetaBlobComplete,
} from "../messages/generated/wire.js";
import { MAX_BLOB_CHUNK_BYTES, type MetaBlob } from "./blob-sender.js";

/** What became of a blob's message. */
export type BlobOutcome =
  | { readonly kind: "open" }
  | { readonly kind: "whole"; readonly blob: MetaBlob }
  | { readonly kind: "discarded"; readonly why: BlobFault };

/** Why a blob was given up. */
export type BlobFault =
  | "tooLarge"
  | "tooMany"
  | "notAnnounced"
  | "otherVersion"
  | "gapOrOverlap"
  | "chunkTooLarge"
  | "incomplete"
  | "checksum";

/** What an assembler takes on. */
export interface BlobLimits {
  /** What a blob may have, in bytes; by default 64 MiB, checked before anything is taken. spec/tensor-pool.md §12 */
  readonly maxBlobBytes: number;
  /** Blobs that may be open at once: one a stream. */
  readonly maxOpen: number;
}

const DEFAULT_LIMITS: BlobLimits = { maxBlobBytes: 67_108_864, maxOpen: 16 };

interface OpenBlob {
  readonly announce: MetaBlobAnnounce;
  readonly parts: Uint8Array[];
  filledBytes: number;
}

/** Puts blobs of metadata together, one a stream. Memory is taken as chunks come. spec/tensor-pool.md §12 */
export class BlobAssembler {
  readonly #limits: BlobLimits;
  readonly #open = new Map<number, OpenBlob>();

  /** Starts with none. */
  constructor(limits: Partial<BlobLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Takes the announce of a blob; one of its stream that is open is forgotten. */
  announced(announce: MetaBlobAnnounce): BlobOutcome {
    this.#open.delete(announce.streamId);
    if (announce.totalLen > BigInt(this.#limits.maxBlobBytes)) return discarded("tooLarge");
    if (this.#open.size >= this.#limits.maxOpen) return discarded("tooMany");
    this.#open.set(announce.streamId, { announce, parts: [], filledBytes: 0 });
    return { kind: "open" };
  }

  /** Takes a chunk, and copies it. */
  chunk(chunk: MetaBlobChunk): BlobOutcome {
    const open = this.#open.get(chunk.streamId);
    if (open === undefined) return discarded("notAnnounced");
    const { bytes } = chunk;
    const fits = open.filledBytes + bytes.length <= Number(open.announce.totalLen);
    if (chunk.metaVersion !== open.announce.metaVersion) return this.#discard(open, "otherVersion");
    if (bytes.length > MAX_BLOB_CHUNK_BYTES) return this.#discard(open, "chunkTooLarge");
    if (bytes.length === 0 || chunk.chunkOffset !== BigInt(open.filledBytes) || !fits) {
      return this.#discard(open, "gapOrOverlap");
    }
    open.parts.push(bytes.slice());
    open.filledBytes += bytes.length;
    return { kind: "open" };
  }

  /** Takes the end of a blob. */
  completed(complete: MetaBlobComplete): BlobOutcome {
    const open = this.#open.get(complete.streamId);
    if (open === undefined) return discarded("notAnnounced");
    const { announce, parts, filledBytes } = open;
    const { streamId, metaVersion, blobType, totalLen, checksum } = announce;
    if (complete.metaVersion !== metaVersion) return this.#discard(open, "otherVersion");
    if (BigInt(filledBytes) !== totalLen) return this.#discard(open, "incomplete");
    if (complete.checksum !== checksum) return this.#discard(open, "checksum");
    const bytes = joined(parts, filledBytes);
    // 0 says that there is none.
    if (checksum !== 0n && BigInt.asUintN(32, checksum) !== BigInt(crc32c(bytes))) {
      return this.#discard(open, "checksum");
    }
    this.#open.delete(streamId);
    return { kind: "whole", blob: { streamId, metaVersion, blobType, bytes } };
  }

  #discard(open: OpenBlob, why: BlobFault): BlobOutcome {
    this.#open.delete(open.announce.streamId);
    return discarded(why);
  }
}

function discarded(why: BlobFault): BlobOutcome {
  return { kind: "discarded", why };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
