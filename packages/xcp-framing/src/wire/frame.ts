import type { Profile } from "./constants.js";
import type { FrameHeader } from "./header.js";
/** One frame to be sent. */
export interface Frame {
  /** Bits of {@link Flag}; LARGE is set where the payload needs it. */
  readonly flags: number;
  readonly header: FrameHeader;
  /** As it goes on the wire: compressed and sealed. */
  readonly payload: Uint8Array;
}
export type Crc32c = (bytes: Uint8Array) => number;
/** Prefix + HEADER + PLEN in one new buffer. The AAD of §12 is `subarray(0, 8 + HLEN)`: see {@link aadOf}. */
export function encodeFrameHead(
  profile: Profile,
  flags: number,
  header: FrameHeader,
  payloadLength: number,
): Uint8Array {
  void [profile, flags, header, payloadLength];
  throw new Error("to be filled");
}
/** View of the AAD inside a head made by {@link encodeFrameHead}. */
export function aadOf(profile: Profile, head: Uint8Array): Uint8Array {
  void [profile, head];
  throw new Error("to be filled");
}
/** Parts to write: below 4 KiB one buffer, above [head, payload (not copied), crc]. */
export function encodeFrame(
  profile: Profile,
  frame: Frame,
  crc32c: Crc32c,
  crcOrder: "le" | "be" = profile === "v0.2" ? "le" : "be",
): Uint8Array[] {
  void [profile, frame, crc32c, crcOrder];
  throw new Error("to be filled");
}
/** Bytes that the frame takes, for {@link writeFrame}. */
export function frameSize(profile: Profile, frame: Frame): number {
  void [profile, frame];
  throw new Error("to be filled");
}
/** HOT PATH: writes a whole frame at `at` of a buffer that has room for {@link frameSize}; returns the index behind it. No allocation for v0.2. */
export function writeFrame(
  into: Uint8Array,
  at: number,
  profile: Profile,
  frame: Frame,
  crc32c: Crc32c,
  crcOrder: "le" | "be" = profile === "v0.2" ? "le" : "be",
): number {
  void [into, at, profile, frame, crc32c, crcOrder];
  throw new Error("to be filled");
}
