import type { Crc32c } from "@proj/wire-types";
import {
  CRC_BYTES,
  Flag,
  LARGE_FROM_BYTES,
  MAGIC,
  MAGIC_SWAPPED,
  PREFIX_BYTES,
  type Profile,
  VERSION,
  VERSION_V01,
} from "./constants.js";
import { capnpHeaderSize, writeCapnpHeader } from "./capnp-header-writer.js";
import { encodeJsonHeader } from "./header-json.js";
import { encodeV01Header } from "./header-v01.js";
import type { FrameHeader } from "./header.js";
import { loadU16, storeU16, storeU32, storeU64, swapU32 } from "./little-endian.js";

/** One frame to be sent. */
export interface Frame {
  /** Bits of {@link Flag}; LARGE is added where the payload needs it. */
  readonly flags: number;
  /** In profile v0.1 preferably a {@link V01Header}. */
  readonly header: FrameHeader;
  /** As it goes on the wire: compressed and sealed. */
  readonly payload: Uint8Array;
}

export type { Crc32c };

/** In which order a CRC's bytes travel. spec/xcp.md §5.1 */
export type CrcOrder = "le" | "be";

// Below this, copying a payload costs less than handing three buffers to a socket.
const ONE_BUFFER_BYTES = 4096;

/**
 * Encodes prefix, HEADER and PLEN of a frame into one new buffer.
 *
 * {@link aadOf} finds the additional data of §12 in it.
 *
 * @param payloadLength After compression and encryption.
 * @throws RangeError for a header that no receiver may accept.
 * @see spec/xcp.md §3
 */
export function encodeFrameHead(
  profile: Profile,
  flags: number,
  header: FrameHeader,
  payloadLength: number,
): Uint8Array {
  const text = encodeTextHeader(profile, header);
  const headerSize = text?.length ?? capnpHeaderSize(header);
  const head = new Uint8Array(PREFIX_BYTES + headerSize + lengthSize(flags, payloadLength));
  writeHead(head, 0, { profile, flags, header, text, headerSize, payloadLength });
  return head;
}

/** Finds the additional authenticated data of §12, prefix and HEADER, in a head of {@link encodeFrameHead}: a view. */
export function aadOf(profile: Profile, head: Uint8Array): Uint8Array {
  const length = loadU16(head, 6);
  return head.subarray(0, PREFIX_BYTES + (profile === "v0.1" ? swapU16(length) : length));
}

/**
 * Encodes a frame as parts to be written in this order: one buffer when it is small, else the payload itself between
 * two new buffers.
 *
 * @param crcOrder What v0.2-json learnt from its peer.
 * @throws RangeError for a header that no receiver may accept.
 * @see spec/xcp.md §3
 */
export function encodeFrame(
  profile: Profile,
  frame: Frame,
  crc32c: Crc32c,
  crcOrder: CrcOrder = defaultCrcOrder(profile),
): Uint8Array[] {
  const { flags, header, payload } = frame;
  if (payload.length < ONE_BUFFER_BYTES) {
    const whole = new Uint8Array(frameSize(profile, frame));
    writeFrame(whole, 0, profile, frame, crc32c, crcOrder);
    return [whole];
  }
  const head = encodeFrameHead(profile, flags, header, payload.length);
  return profile === "v0.1"
    ? [head, payload]
    : [head, payload, encodeCrc(crc32c(payload), crcOrder)];
}

/** Encodes a CRC for the end of a frame. */
export function encodeCrc(crc: number, order: CrcOrder): Uint8Array {
  const bytes = new Uint8Array(CRC_BYTES);
  storeU32(bytes, 0, order === "le" ? crc : swapU32(crc));
  return bytes;
}

/** The order that a profile's CRCs have unless the peer's frames show another. spec/xcp.md §5 */
export function defaultCrcOrder(profile: Profile): CrcOrder {
  return profile === "v0.2" ? "le" : "be";
}

/**
 * Bytes that a frame takes on the wire.
 *
 * @throws RangeError for a header that no receiver may accept.
 */
export function frameSize(profile: Profile, frame: Frame): number {
  const text = encodeTextHeader(profile, frame.header);
  const headerSize = text?.length ?? capnpHeaderSize(frame.header);
  const { length } = frame.payload;
  const crcSize = profile === "v0.1" ? 0 : CRC_BYTES;
  return PREFIX_BYTES + headerSize + lengthSize(frame.flags, length) + length + crcSize;
}

/**
 * Writes a whole frame at `at` of a buffer that has room for its {@link frameSize}.
 *
 * The way to gather many small frames in one buffer: in profile v0.2 it allocates nothing for a header without tags.
 *
 * @returns The index behind the frame.
 * @see spec/xcp.md §3
 */
export function writeFrame(
  into: Uint8Array,
  at: number,
  profile: Profile,
  frame: Frame,
  crc32c: Crc32c,
  crcOrder: CrcOrder = defaultCrcOrder(profile),
): number {
  const { flags, header, payload } = frame;
  const text = encodeTextHeader(profile, header);
  const headerSize = text?.length ?? capnpHeaderSize(header);
  const payloadLength = payload.length;
  const start = writeHead(into, at, { profile, flags, header, text, headerSize, payloadLength });
  into.set(payload, start);
  const end = start + payloadLength;
  if (profile === "v0.1") return end;
  const crc = crc32c(payload);
  storeU32(into, end, crcOrder === "le" ? crc : swapU32(crc));
  return end + CRC_BYTES;
}

interface Head {
  readonly profile: Profile;
  readonly flags: number;
  readonly header: FrameHeader;
  /** The header where the profile has a text one. */
  readonly text: Uint8Array | undefined;
  readonly headerSize: number;
  readonly payloadLength: number;
}

// Returns the index behind PLEN.
function writeHead(into: Uint8Array, at: number, head: Head): number {
  const { profile, header, text, headerSize, payloadLength } = head;
  const large = lengthSize(head.flags, payloadLength) === 8;
  const bigEndian = profile === "v0.1";
  storeU32(into, at, bigEndian ? MAGIC_SWAPPED : MAGIC);
  into[at + 4] = bigEndian ? VERSION_V01 : VERSION;
  into[at + 5] = large ? head.flags | Flag.LARGE : head.flags;
  storeU16(into, at + 6, bigEndian ? swapU16(headerSize) : headerSize);
  const headerAt = at + PREFIX_BYTES;
  if (text === undefined) writeCapnpHeader(into, headerAt, header, headerSize);
  else into.set(text, headerAt);
  const lengthAt = headerAt + headerSize;
  if (!large) {
    storeU32(into, lengthAt, bigEndian ? swapU32(payloadLength) : payloadLength);
    return lengthAt + 4;
  }
  storeU64(into, lengthAt, payloadLength);
  if (bigEndian) into.subarray(lengthAt, lengthAt + 8).reverse();
  return lengthAt + 8;
}

function encodeTextHeader(profile: Profile, header: FrameHeader): Uint8Array | undefined {
  if (profile === "v0.2") return undefined;
  return profile === "v0.2-json" ? encodeJsonHeader(header) : encodeV01Header(header);
}

function lengthSize(flags: number, payloadLength: number): number {
  return payloadLength >= LARGE_FROM_BYTES || (flags & Flag.LARGE) !== 0 ? 8 : 4;
}

function swapU16(value: number): number {
  return swapU32(value) >>> 16;
}
