import type { FrameHeader } from "./header.js";
export function encodeJsonHeader(header: FrameHeader): Uint8Array {
  void header;
  throw new Error("to be filled");
}
export function decodeJsonHeader(bytes: Uint8Array): FrameHeader {
  void bytes;
  throw new Error("to be filled");
}
