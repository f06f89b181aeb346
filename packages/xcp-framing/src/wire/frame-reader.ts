import { XcpError } from "../errors.js";
import { ChunkQueue } from "./chunk-queue.js";
import { CRC_BYTES, Flag, HANDSHAKE_MAX_FRAME_BYTES, type Profile } from "./constants.js";
import type { Crc32c, CrcOrder } from "./frame.js";
import type { FrameEvent } from "./frame-event.js";
import { FrameHeads, START_BYTES } from "./frame-heads.js";
import { HeadCarry } from "./head-carry.js";
import type { FrameHeader } from "./header.js";
import { LearntCrcOrder } from "./learnt-crc-order.js";
import { loadU32 } from "./little-endian.js";
import { type Allocate, PayloadBuffer } from "./payload-buffer.js";
import { PayloadSlab } from "./payload-slab.js";
import { SealedMemory } from "./sealed-memory.js";

/** Sizes that the handshake settled. */
export interface FrameReaderLimits {
  /** Largest PLEN that is read. */
  readonly maxFrameBytes: number;
  /** Largest PLEN that is skipped; beyond it the connection is given up. */
  readonly maxMessageBytes: number;
}

/** What a {@link FrameReader} is made with. */
export interface FrameReaderOptions {
  /** The platform's CRC-32C. */
  readonly crc32c: Crc32c;
  /** `maxHeaderBytes` holds from the first frame on. */
  readonly limits: { readonly maxHeaderBytes: number };
  /** An initiator's own profile; a responder learns it from the first frame. */
  readonly profile?: Profile;
  /** Whether a responder also recognises v0.1; default false. */
  readonly acceptV01?: boolean;
  /** The platform's memory, for payloads. */
  readonly allocate?: Allocate | undefined;
}

interface Head {
  readonly ver: number;
  readonly flags: number;
  readonly header: FrameHeader;
  readonly aad: Uint8Array;
}

type State =
  | { readonly kind: "head" }
  | { readonly kind: "payload"; readonly head: Head; readonly buffer: PayloadBuffer }
  | { readonly kind: "skipping"; left: number }
  | { readonly kind: "failed"; readonly error: unknown };

const AT_HEAD: State = { kind: "head" };
const NOTHING: Uint8Array = new Uint8Array(0);
// From this size on, a payload is copied so that typed arrays of any element size can view it.
const OWN_BUFFER_BYTES = 65_536;
// A plain view, whatever subclass a transport's chunk is of: its own methods may mean something else.
function viewOf(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
}

/**
 * Splits a stream of bytes into frames, however the stream is cut into chunks.
 *
 * Per chunk: `push(chunk)`, then `next()` until it returns `undefined`. Payloads are views of chunks, which therefore must
 * not be reused, unless they are pushed as `lent`: then nothing refers to them afterwards, but that a ciphertext is valid
 * only until the next frame is read. Before the handshake ends PLEN is capped at 65 536 and no flag but LARGE is allowed;
 * then the owner calls `setLimits` and `setAllowedFlags`.
 *
 * A throw is fatal to the connection: the reader repeats it from then on.
 *
 * ```
 * head ──(PLEN within limits)──► payload ──(PLEN + CRC bytes)──► head
 *   └────(too large)──► skipping ──(PLEN + CRC bytes)──► head
 *   └────(lengths cannot be trusted)──► failed
 * ```
 *
 * @see spec/xcp.md §3, §5
 */
export class FrameReader {
  readonly #crc32c: Crc32c;
  readonly #heads: FrameHeads;
  readonly #allocate: Allocate;
  readonly #waiting = new ChunkQueue();
  readonly #learnt = new LearntCrcOrder();
  #maxFrameBytes = HANDSHAKE_MAX_FRAME_BYTES;
  #maxMessageBytes = HANDSHAKE_MAX_FRAME_BYTES;
  #state: State = AT_HEAD;
  #chunk = NOTHING;
  #at = 0;
  #lent = false;
  readonly #copies: PayloadSlab;
  readonly #sealed: SealedMemory;
  readonly #carry = new HeadCarry();

  /** Starts at the first byte of a connection. */
  constructor(options: FrameReaderOptions) {
    this.#crc32c = options.crc32c;
    this.#heads = new FrameHeads({
      maxHeaderBytes: options.limits.maxHeaderBytes,
      acceptV01: options.acceptV01 ?? false,
      profile: options.profile,
    });
    this.#allocate = options.allocate ?? ((bytes) => new Uint8Array(bytes));
    this.#copies = new PayloadSlab(this.#allocate);
    this.#sealed = new SealedMemory(this.#allocate);
  }

  /** The connection's profile, once it is known. */
  get profile(): Profile | undefined {
    return this.#heads.profile;
  }

  /** The byte order of CRCs, once it is known: v0.2-json learns it, and its sender must use the same. */
  get crcOrder(): CrcOrder | undefined {
    return this.profile === "v0.2" ? "le" : this.#learnt.order;
  }

  /** Whether the bytes so far end inside a frame. */
  get partial(): boolean {
    return (
      this.#state.kind !== "head" ||
      this.#carry.length > 0 ||
      this.#at < this.#chunk.length ||
      !this.#waiting.isEmpty
    );
  }

  /** Sets what the handshake settled; in force from the next frame on. */
  setLimits(limits: FrameReaderLimits): void {
    this.#maxFrameBytes = limits.maxFrameBytes;
    this.#maxMessageBytes = limits.maxMessageBytes;
  }

  /** Sets the flag bits that are accepted besides LARGE: those of base and negotiated features. */
  setAllowedFlags(mask: number): void {
    this.#heads.allowedFlags = mask | Flag.LARGE;
  }

  /** Takes the next bytes of the stream. A `lent` chunk may be reused once `next` returned `undefined`. */
  push(chunk: Uint8Array, memory: "kept" | "lent" = "kept"): void {
    this.#lent = memory === "lent";
    if (this.#at < this.#chunk.length || !this.#waiting.isEmpty) this.#waiting.push(chunk);
    else {
      this.#chunk = chunk;
      this.#at = 0;
    }
  }

  /**
   * Returns the next frame, or `undefined` while it is incomplete.
   *
   * @throws XcpError `xcp.bad_magic`, `xcp.version_unsupported`, `xcp.flags_reserved`, `xcp.header_malformed`,
   *   `xcp.length_overflow`, `xcp.message_too_large`
   */
  next(): FrameEvent | undefined {
    if (this.#state.kind === "failed") throw this.#state.error;
    try {
      for (;;) {
        while (this.#at < this.#chunk.length) {
          const event = this.#step();
          if (event !== undefined) return event;
        }
        if (!this.#nextChunk()) return undefined;
      }
    } catch (error) {
      this.#state = { kind: "failed", error };
      throw error;
    }
  }

  #nextChunk(): boolean {
    const chunk = this.#waiting.shift();
    if (chunk === undefined) return false;
    this.#chunk = chunk;
    this.#at = 0;
    return true;
  }

  // Consumes some of the chunk, all of it where a frame is incomplete.
  #step(): FrameEvent | undefined {
    const state = this.#state;
    switch (state.kind) {
      case "head":
        return this.#carry.length === 0 ? this.#headInChunk() : this.#headInCarry();
      case "payload":
        this.#at = state.buffer.take(this.#chunk, this.#at);
        if (!state.buffer.complete) return undefined;
        this.#state = AT_HEAD;
        return this.#finish(state.head, state.buffer.payload, state.buffer.tail);
      case "skipping": {
        const skipped = Math.min(state.left, this.#chunk.length - this.#at);
        this.#at += skipped;
        state.left -= skipped;
        if (state.left === 0) this.#state = AT_HEAD;
        return undefined;
      }
      case "failed":
        throw state.error;
    }
  }

  #headInChunk(): FrameEvent | undefined {
    const bytes = this.#chunk;
    const at = this.#at;
    const have = bytes.length - at;
    const size = have < START_BYTES ? START_BYTES : this.#heads.sizeOf(bytes, at);
    if (have < size) {
      this.#carryUpTo(size);
      return undefined;
    }
    this.#at = at + size;
    return this.#readHead(bytes, at, at + size);
  }

  #headInCarry(): FrameEvent | undefined {
    if (!this.#carryUpTo(START_BYTES)) return undefined;
    const size = this.#heads.sizeOf(this.#carry.bytes, 0);
    if (!this.#carryUpTo(size)) return undefined;
    return this.#readHead(this.#carry.take(size), 0, size);
  }

  // Moves bytes from the chunk to the carry until it holds `size`, and tells whether it does.
  #carryUpTo(size: number): boolean {
    this.#at = this.#carry.fill(size, this.#chunk, this.#at);
    return this.#carry.length >= size;
  }

  // Reads a head whose prefix was checked; `end` is the index behind PLEN.
  #readHead(bytes: Uint8Array, at: number, end: number): FrameEvent | undefined {
    const flags = bytes[at + 5] as number;
    const large = (flags & Flag.LARGE) !== 0;
    const lengthSize = large ? 8 : 4;
    const lengthAt = end - lengthSize;
    const header = this.#heads.headerOf(bytes, at, lengthAt);
    const length = this.#heads.lengthOf(bytes, lengthAt, lengthSize);
    const tailSize = this.profile === "v0.1" ? 0 : CRC_BYTES;
    if (length > this.#maxFrameBytes) return this.#refuse(flags, header, length, tailSize);

    const ver = bytes[at + 4] as number;
    const start = this.#at;
    const encrypted = (flags & Flag.CRYPT) !== 0;
    if (length >= OWN_BUFFER_BYTES || this.#chunk.length - start < length + tailSize) {
      const sealed = encrypted
        ? this.#sealed.place(bytes.subarray(at, lengthAt), length)
        : undefined;
      const aad = sealed?.aad ?? (encrypted ? this.#keptAad(bytes, at, lengthAt) : NOTHING);
      this.#state = {
        kind: "payload",
        head: { ver, flags, header, aad },
        buffer: new PayloadBuffer(length, tailSize, sealed?.allocate ?? this.#allocate),
      };
      return undefined;
    }
    const aad = encrypted ? bytes.subarray(at, lengthAt) : NOTHING;
    const head = { ver, flags, header, aad };
    this.#at = start + length + tailSize;
    // Ciphertext is opened before the next frame is read, so it may stay where it is lent.
    const payload = encrypted ? viewOf(this.#chunk, start, length) : this.#payloadAt(start, length);
    return this.#finish(head, payload, tailSize === 0 ? 0 : loadU32(this.#chunk, start + length));
  }

  // A lent chunk may be gone when the payload is whole.
  #keptAad(bytes: Uint8Array, at: number, end: number): Uint8Array {
    return this.#lent ? bytes.slice(at, end) : bytes.subarray(at, end);
  }

  #payloadAt(start: number, length: number): Uint8Array {
    if (length === 0) return NOTHING;
    return this.#lent
      ? this.#copies.copy(this.#chunk, start, length)
      : viewOf(this.#chunk, start, length);
  }

  #refuse(flags: number, header: FrameHeader, length: number, tailSize: number): FrameEvent {
    const error = new XcpError(
      "xcp.message_too_large",
      `frame of ${length} bytes, limit ${this.#maxFrameBytes}`,
      { details: { length, limit: this.#maxFrameBytes } },
    );
    this.#state =
      length > this.#maxMessageBytes
        ? { kind: "failed", error }
        : { kind: "skipping", left: length + tailSize };
    return { kind: "rejected", flags, header, error };
  }

  #finish(head: Head, payload: Uint8Array, crcField: number): FrameEvent {
    const { ver, flags, header, aad } = head;
    if (this.profile !== "v0.1" && !this.#isIntact(payload, crcField)) {
      const error = new XcpError("xcp.crc_mismatch", `payload of ${payload.length} bytes`);
      return { kind: "rejected", flags, header, error };
    }
    return { kind: "frame", ver, flags, header, aad, payload };
  }

  #isIntact(payload: Uint8Array, crcField: number): boolean {
    const crc = this.#crc32c(payload);
    return this.profile === "v0.2" ? crcField === crc : this.#learnt.accepts(crc, crcField);
  }
}
