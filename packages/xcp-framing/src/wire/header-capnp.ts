import type { FrameHeader } from "./header.js";
export function encodeCapnpHeader(header: FrameHeader): Uint8Array {
  void header;
  throw new Error("to be filled");
}
export function decodeCapnpHeader(bytes: Uint8Array): FrameHeader {
  void bytes;
  throw new Error("to be filled");
}
