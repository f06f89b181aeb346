import { XcpError } from "../errors.js";
import { loadU16, loadU32, loadU64 } from "./little-endian.js";

/** What the structure of a zstd frame says about it. */
export interface ZstdFrameInfo {
  /** The content size that the frame declares: a claim, not a fact. */
  readonly contentBytes: number | undefined;
  /** Bytes of output that a decoder has to keep. */
  readonly windowBytes: number;
  /** The most that the frame's blocks can hold. */
  readonly maxContentBytes: number;
}

const MAGIC = 0xfd2fb528;
const MAX_WINDOW_BYTES = 8 * 1024 * 1024;
const MAX_BLOCK_BYTES = 128 * 1024;
const CHECKSUM_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

// Bits of the frame header's descriptor.
const SINGLE_SEGMENT = 0x20;
const RESERVED = 0x08;
const CHECKSUM = 0x04;

const RAW = 0;
const RLE = 1;
const RESERVED_BLOCK = 3;

/**
 * Walks the structure of a compressed payload without decompressing it: exactly one zstd frame, no skippable one, no
 * dictionary, a window of at most 8 MiB, and nothing behind it.
 *
 * @throws XcpError `xcp.compression`
 * @see spec/xcp.md §11.1, RFC 8878 §3.1
 */
export function inspectZstdFrame(frame: Uint8Array): ZstdFrameInfo {
  if (frame.length < 5 || loadU32(frame, 0) !== MAGIC) throw malformed("not a zstd frame");
  const descriptor = frame[4] as number;
  if ((descriptor & RESERVED) !== 0) throw malformed("a reserved bit is set");
  const single = (descriptor & SINGLE_SEGMENT) !== 0;
  const dictionaryBytes = DICTIONARY_ID_BYTES[descriptor & 3] as number;
  const sizeCode = descriptor >> 6;
  const sizeBytes = single && sizeCode === 0 ? 1 : (CONTENT_SIZE_BYTES[sizeCode] as number);

  const windowAt = 5;
  const dictionaryAt = single ? windowAt : windowAt + 1;
  const sizeAt = dictionaryAt + dictionaryBytes;
  const blocksAt = sizeAt + sizeBytes;
  if (blocksAt > frame.length) throw malformed("the frame header does not end");
  for (let at = dictionaryAt; at < sizeAt; at++) {
    if (frame[at] !== 0) throw malformed("the frame needs a dictionary");
  }
  const contentBytes = readContentSize(frame, sizeAt, sizeBytes);
  const windowBytes = single ? (contentBytes ?? 0) : windowSize(frame[windowAt] as number);
  if (windowBytes > MAX_WINDOW_BYTES) {
    throw malformed(`window of ${windowBytes} bytes, limit ${MAX_WINDOW_BYTES}`);
  }
  const { end, maxContentBytes } = walkBlocks(frame, blocksAt, windowBytes);
  const frameEnd = end + ((descriptor & CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES);
  if (frameEnd !== frame.length) {
    throw malformed(`frame of ${frameEnd} bytes in a payload of ${frame.length}`);
  }
  return { contentBytes, windowBytes, maxContentBytes };
}

function readContentSize(frame: Uint8Array, at: number, size: number): number | undefined {
  switch (size) {
    case 1:
      return frame[at];
    case 2:
      return loadU16(frame, at) + 256;
    case 4:
      return loadU32(frame, at);
    case 8:
      return Number(loadU64(frame, at));
    default:
      return undefined;
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function walkBlocks(
  frame: Uint8Array,
  start: number,
  windowBytes: number,
): { readonly end: number; readonly maxContentBytes: number } {
  const maxBlockBytes = Math.min(MAX_BLOCK_BYTES, windowBytes);
  let at = start;
  let maxContentBytes = 0;
  for (let last = false; !last;) {
    if (at + BLOCK_HEADER_BYTES > frame.length) throw malformed("the blocks do not end");
    const header = loadU16(frame, at) | ((frame[at + 2] as number) << 16);
    last = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === RESERVED_BLOCK) throw malformed("a block of the reserved type");
    if (size > maxBlockBytes) throw malformed(`block of ${size} bytes, limit ${maxBlockBytes}`);
    maxContentBytes += type === RAW || type === RLE ? size : maxBlockBytes;
    at += BLOCK_HEADER_BYTES + (type === RLE ? 1 : size);
    if (at > frame.length) throw malformed("a block does not end");
  }
  return { end: at, maxContentBytes };
}

function malformed(message: string): XcpError {
  return new XcpError("xcp.compression", message);
}
