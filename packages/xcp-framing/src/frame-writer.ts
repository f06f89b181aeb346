import type { FrameSealer } from "./frame-cipher.js";
import { MsgType, type Profile } from "./wire/constants.js";
import { type Crc32c, encodeFrame, frameSize, writeFrame } from "./wire/frame.js";
import type { Platform } from "./platform.js";
import { toV01Header } from "./v01-translation.js";
import { type FrameHeader, NO_TAGS } from "./wire/header.js";

const SLAB_BYTES = 64 * 1024;
// Copying this much costs less than handing another buffer to the system. Beyond it, the memory that is used up makes the
// garbage collector work more than the copy saves (measured on Node 20: at 10 KiB twice the CPU time of an echo).
const PACK_BYTES = 4 * 1024;
const NO_BYTES = new Uint8Array(0);
const NO_HEADER: FrameHeader = {
  channelId: 0,
  msgType: 0,
  bodyCodec: 0,
  schemaKey: undefined,
  msgId: 0,
  inReplyTo: 0,
  tags: NO_TAGS,
};

/**
 * Turns frames into buffers for one write. Small frames share a slab, of which each byte is written once and never again;
 * large payloads go as they are.
 */
export class FrameWriter {
  readonly #crc32c: Crc32c;
  readonly #allocate: (bytes: number) => Uint8Array;
  // One object for all frames: it is read before `append` returns.
  readonly #frame: { flags: number; header: FrameHeader; payload: Uint8Array } = {
    flags: 0,
    header: NO_HEADER,
    payload: NO_BYTES,
  };
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #slab: Uint8Array = NO_BYTES;
  #slabFrom = 0;
  #slabAt = 0;
  /** How frames look; v0.2 until the peer turns out to speak something else. */
  profile: Profile = "v0.2";
  /** Encrypts frames from when it is set. */
  sealer: FrameSealer | undefined;
  /** v0.2-json: the byte order of CRCs, once it was learnt. */
  crcOrder: "le" | "be" | undefined;

  constructor(platform: Pick<Platform, "crc32c" | "allocate">) {
    this.#crc32c = platform.crc32c;
    this.#allocate = platform.allocate ?? ((bytes) => new Uint8Array(bytes));
  }

  /** Bytes appended since the last {@link FrameWriter.take}. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Appends one frame; an encrypted one is returned, so that it can be sent again as it was. */
  append(
    nowUs: number,
    flags: number,
    header: FrameHeader,
    payload: Uint8Array,
    chunkIndex: number,
  ): Uint8Array | undefined {
    const frame = this.#frame;
    frame.flags = flags;
    frame.payload = payload;
    if (this.profile === "v0.1") {
      const translated = toV01Header(header);
      // v0.1 has no such message, and its peer could do nothing with one.
      if (translated === undefined) return undefined;
      frame.header = translated;
    } else frame.header = header;
    // HELLO and CAPS are never encrypted: they are what the keys are made from. §12
    if (this.sealer !== undefined && header.msgType > MsgType.CAPS) {
      const sealed = this.sealer.sealFrame(nowUs, this.profile, frame, chunkIndex, this.#crc32c);
      this.appendParts([sealed]);
      return sealed;
    }
    if (payload.length > PACK_BYTES) {
      this.appendParts(encodeFrame(this.profile, frame, this.#crc32c, this.crcOrder));
      return undefined;
    }
    const size = frameSize(this.profile, frame);
    if (this.#slabAt + size > this.#slab.length) this.#newSlab(size);
    this.#slabAt = writeFrame(
      this.#slab,
      this.#slabAt,
      this.profile,
      frame,
      this.#crc32c,
      this.crcOrder,
    );
    this.#bytes += size;
    return undefined;
  }

  /** Appends a frame that is encoded already. */
  appendParts(parts: readonly Uint8Array[]): void {
    this.#closeRun();
    for (const part of parts) {
      this.#parts.push(part);
      this.#bytes += part.length;
    }
  }

  /** Everything appended so far, in order; `undefined` when that is nothing. */
  take(): Uint8Array[] | undefined {
    this.#closeRun();
    if (this.#parts.length === 0) return undefined;
    const parts = this.#parts;
    this.#parts = [];
    this.#bytes = 0;
    return parts;
  }

  /** Takes back memory of `parts` that can be used again, once nothing else refers to it. */
  released(parts: readonly Uint8Array[]): void {
    this.sealer?.released(parts);
  }

  #newSlab(size: number): void {
    this.#closeRun();
    this.#slab = this.#allocate(Math.max(SLAB_BYTES, size));
    this.#slabFrom = 0;
    this.#slabAt = 0;
  }

  #closeRun(): void {
    if (this.#slabAt === this.#slabFrom) return;
    this.#parts.push(this.#slab.subarray(this.#slabFrom, this.#slabAt));
    this.#slabFrom = this.#slabAt;
  }
}
