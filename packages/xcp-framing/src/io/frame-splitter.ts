import { XcpError } from "../errors.js";
import { CRC_BYTES, Flag, MAGIC, PREFIX_BYTES } from "../wire/constants.js";
import { loadU16, loadU32, loadU64 } from "../wire/little-endian.js";

/** What a {@link FrameSplitter} lets through. */
export interface FrameSplitterLimits {
  /** Largest HLEN. */
  readonly maxHeaderBytes: number;
  /** Largest PLEN. */
  readonly maxFrameBytes: number;
}

const FLAGS_AT = 5;
const HLEN_AT = 6;

/**
 * Cuts a byte stream into whole frames without looking inside them, for transports that carry one session on several
 * streams. Sizes meet the limits before anything is allocated. spec/xcp.md §3
 */
export class FrameSplitter {
  readonly #limits: FrameSplitterLimits;
  // Prefix, header and PLEN of the frame that is arriving, as far as they are here.
  #head = new Uint8Array(PREFIX_BYTES);
  #headBytes = 0;
  #frame: Uint8Array | undefined;
  #frameBytes = 0;

  /** `limits` are checked for every frame. */
  constructor(limits: FrameSplitterLimits) {
    this.#limits = limits;
  }

  /** Whether the bytes so far end inside a frame. */
  get partial(): boolean {
    return this.#headBytes > 0 || this.#frame !== undefined;
  }

  /**
   * Takes the next bytes and hands every frame they complete to `emit`, as a view of `chunk` where it lies in one.
   *
   * @throws XcpError `xcp.bad_magic`, `xcp.header_malformed`, `xcp.length_overflow`, `xcp.message_too_large`;
   *   the stream is unusable then.
   */
  push(chunk: Uint8Array, emit: (frame: Uint8Array) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (!this.partial) {
        const size = this.#frameSize(chunk, at, chunk.length - at);
        if (size !== undefined && chunk.length - at >= size) {
          emit(chunk.subarray(at, at + size));
          at += size;
          continue;
        }
      }
      at += this.#frame === undefined ? this.#gatherHead(chunk, at) : this.#gatherFrame(chunk, at);
      if (this.#frame !== undefined && this.#frameBytes === this.#frame.length) {
        const frame = this.#frame;
        this.#frame = undefined;
        emit(frame);
      }
    }
  }

  #gatherHead(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#head.length - this.#headBytes, chunk.length - at);
    this.#head.set(chunk.subarray(at, at + taken), this.#headBytes);
    this.#headBytes += taken;
    if (this.#headBytes < this.#head.length) return taken;
    const headBytes = this.#headSize(this.#head, 0);
    if (headBytes > this.#head.length) {
      const longer = new Uint8Array(headBytes);
      longer.set(this.#head);
      this.#head = longer;
      return taken;
    }
    this.#frame = new Uint8Array(this.#sizeBehind(this.#head, 0, headBytes));
    this.#frame.set(this.#head);
    this.#frameBytes = headBytes;
    this.#head = new Uint8Array(PREFIX_BYTES);
    this.#headBytes = 0;
    return taken;
  }

  #gatherFrame(chunk: Uint8Array, at: number): number {
    const frame = this.#frame;
    if (frame === undefined) return 0;
    const taken = Math.min(frame.length - this.#frameBytes, chunk.length - at);
    frame.set(chunk.subarray(at, at + taken), this.#frameBytes);
    this.#frameBytes += taken;
    return taken;
  }

  /** The size of the frame at `at`, or `undefined` while `available` bytes do not tell. */
  #frameSize(bytes: Uint8Array, at: number, available: number): number | undefined {
    if (available < PREFIX_BYTES) return undefined;
    const headBytes = this.#headSize(bytes, at);
    return available < headBytes ? undefined : this.#sizeBehind(bytes, at, headBytes);
  }

  /** Bytes of prefix, header and PLEN. */
  #headSize(bytes: Uint8Array, at: number): number {
    if (loadU32(bytes, at) !== MAGIC) {
      throw new XcpError("xcp.bad_magic", "a frame does not start with MAGIC");
    }
    const headerBytes = loadU16(bytes, at + HLEN_AT);
    const { maxHeaderBytes } = this.#limits;
    if (headerBytes > maxHeaderBytes) {
      const text = `header of ${headerBytes} bytes, limit ${maxHeaderBytes}`;
      throw new XcpError("xcp.header_malformed", text);
    }
    return PREFIX_BYTES + headerBytes + (isLarge(bytes, at) ? 8 : 4);
  }

  #sizeBehind(bytes: Uint8Array, at: number, headBytes: number): number {
    const large = isLarge(bytes, at);
    const payload = large ? loadU64(bytes, at + headBytes - 8) : loadU32(bytes, at + headBytes - 4);
    if (typeof payload !== "number") {
      throw new XcpError("xcp.length_overflow", `PLEN ${payload} is above 2^53-1`);
    }
    const { maxFrameBytes } = this.#limits;
    if (payload > maxFrameBytes) {
      const text = `frame of ${payload} bytes, limit ${maxFrameBytes}`;
      throw new XcpError("xcp.message_too_large", text);
    }
    return headBytes + payload + CRC_BYTES;
  }
}

function isLarge(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at + FLAGS_AT] ?? 0) & Flag.LARGE) !== 0;
}
