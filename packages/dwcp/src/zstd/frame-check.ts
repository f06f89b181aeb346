import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import type { ZstdEngine } from "./zstd-engine.js";

const MAGIC = 0xfd2fb528;
const MIN_WINDOW_LOG = 10;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;

/** What the first bytes of a zstd frame say. */
export interface ZstdFrameHeader {
  /** Bytes that come out. */
  readonly contentBytes: number;
  /** Bytes that a match may reach back. */
  readonly windowBytes: number;
}

/**
 * Reads the header of a zstd frame as this protocol has them: with the content's size, and without a dictionary's id.
 *
 * @throws {@link DwcpError} `dwcp.decode` for anything else.
 * @see spec/dwcp.md B5
 */
export function decodeZstdHeader(frame: Uint8Array): ZstdFrameHeader {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 6 || view.getUint32(0, true) !== MAGIC) throw refused("no zstd frame");
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const dictionaryBytes = DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
  if ((descriptor & 0x08) !== 0 || dictionaryBytes !== 0) {
    throw refused("a zstd frame with reserved bits or a dictionary id");
  }
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (single ? 1 : 0) : 1 << sizeFlag;
  const at = single ? 5 : 6;
  if (sizeBytes === 0) throw refused("a zstd frame without its content's size");
  if (frame.length < at + sizeBytes) throw refused("a zstd frame that ends in its header");
  const contentBytes = contentSize(view, at, sizeBytes);
  return { contentBytes, windowBytes: single ? contentBytes : windowSize(view.getUint8(5)) };
}

/**
 * Decompresses one frame to exactly `rawBytes`. What it declares is checked before anything is allocated.
 *
 * @param allocate Gives the memory that the bytes are put to; fresh memory when absent.
 * @throws {@link DwcpError} `dwcp.decode`.
 * @see spec/dwcp.md B3, B5
 */
export function decompressFrame(
  engine: ZstdEngine,
  frame: Uint8Array,
  rawBytes: number,
  limits: Pick<DwcpLimits, "maxWindowLog">,
  prefix?: Uint8Array,
  allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): Uint8Array {
  const { contentBytes, windowBytes } = decodeZstdHeader(frame);
  if (contentBytes !== rawBytes) {
    throw refused(`a zstd frame of ${contentBytes} bytes where ${rawBytes} belong`);
  }
  if (windowBytes > 2 ** limits.maxWindowLog) {
    throw refused(`a zstd window of ${windowBytes} bytes, limit 2^${limits.maxWindowLog}`);
  }
  const into = allocate(rawBytes);
  if (engine.decompressInto(frame, into, prefix) !== rawBytes) {
    throw refused("a corrupt zstd frame");
  }
  return into;
}

function windowSize(descriptor: number): number {
  const base = 2 ** (MIN_WINDOW_LOG + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  return view.getUint32(at, true) + 2 ** 32 * view.getUint32(at + 4, true);
}

function refused(message: string): DwcpError {
  return new DwcpError("dwcp.decode", message);
}
