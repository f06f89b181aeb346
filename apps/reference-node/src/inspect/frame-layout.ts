import { Flag, MAGIC, type Profile } from "@proj/xcp-framing";
import { type FieldList, hexNumber } from "./field.js";

/** Where the pieces of one frame lie, counted from the start of the input. spec/xcp.md §3 */
export interface FrameLayout {
  /** How the frame is written. */
  readonly profile: Profile;
  /** Bits of FLAGS. */
  readonly flags: number;
  /** First byte of MAGIC. */
  readonly start: number;
  /** First byte of HEADER; it ends where PLEN begins. */
  readonly headerAt: number;
  /** First byte of PLEN. */
  readonly lengthAt: number;
  /** First byte of PAYLOAD. */
  readonly payloadAt: number;
  /** First byte of CRC32C, or the end in v0.1. */
  readonly crcAt: number;
  /** One past the last byte. */
  readonly end: number;
}

const JSON_OBJECT = 0x7b;
const flagNames = Object.entries(Flag);

/**
 * Finds the pieces of the frame at `start` and names those of its fixed part.
 *
 * Judges nothing but lengths: whether the frame is legal is for the real reader to say.
 *
 * @returns `undefined` when the input ends inside the frame, or nothing there can be a frame; a finding says where.
 */
export function layOutFrame(
  list: FieldList,
  input: Uint8Array,
  start: number,
): FrameLayout | undefined {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (!has(list, input, start, 8, "the prefix")) return undefined;
  const magic = view.getUint32(start, true);
  // v0.1 writes the same number in the other byte order. spec/xcp.md §5
  const v01 = view.getUint32(start, false) === MAGIC;
  list.add(start, 4, "MAGIC", v01 ? "XCP v0.1, big-endian" : magicText(magic));
  if (magic !== MAGIC && !v01) {
    list.find(
      start,
      "xcp.bad_magic",
      `${hexNumber(magic, 4)} where ${hexNumber(MAGIC, 4)} belongs`,
    );
    return undefined;
  }
  const profile = v01 ? "v0.1" : input[start + 8] === JSON_OBJECT ? "v0.2-json" : "v0.2";
  const version = view.getUint8(start + 4);
  const flags = view.getUint8(start + 5);
  const headerBytes = view.getUint16(start + 6, !v01);
  list.add(start + 4, 1, "VER", `${hexNumber(version, 1)} = ${version >> 4}.${version & 0x0f}`);
  list.add(start + 5, 1, "FLAGS", flagsText(flags));
  list.add(start + 6, 2, "HLEN", String(headerBytes));
  const headerAt = start + 8;
  const lengthAt = headerAt + headerBytes;
  const width = (flags & Flag.LARGE) === 0 ? 4 : 8;
  if (!has(list, input, headerAt, headerBytes, "HEADER")) return undefined;
  if (!has(list, input, lengthAt, width, "PLEN")) return undefined;
  const length =
    width === 4 ? view.getUint32(lengthAt, !v01) : Number(view.getBigUint64(lengthAt, !v01));
  list.add(lengthAt, width, "PLEN", String(length));
  const payloadAt = lengthAt + width;
  const crcBytes = v01 ? 0 : 4;
  if (
    !has(
      list,
      input,
      payloadAt,
      length + crcBytes,
      crcBytes === 0 ? "PAYLOAD" : "PAYLOAD and CRC32C",
    )
  ) {
    return undefined;
  }
  const crcAt = payloadAt + length;
  return { profile, flags, start, headerAt, lengthAt, payloadAt, crcAt, end: crcAt + crcBytes };
}

function has(
  list: FieldList,
  input: Uint8Array,
  at: number,
  needed: number,
  what: string,
): boolean {
  const left = Math.max(0, input.length - at);
  if (left >= needed) return true;
  list.find(
    input.length,
    "xcp.frame_truncated",
    `${what} takes ${needed} bytes from byte ${at} on, the input ends after ${left} of them`,
  );
  return false;
}

function magicText(magic: number): string {
  return magic === MAGIC ? "XCP v0.2, little-endian" : hexNumber(magic, 4);
}

function flagsText(flags: number): string {
  const names = flagNames.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  const reserved = flagNames.reduce((rest, [, bit]) => rest & ~bit, flags);
  if (reserved !== 0) names.push(`reserved ${hexNumber(reserved, 1)}`);
  return `${hexNumber(flags, 1)}${names.length === 0 ? "" : ` = ${names.join(" | ")}`}`;
}
