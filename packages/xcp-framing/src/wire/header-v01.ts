import type { FrameHeader, MsgId } from "./header.js";
/** A v0.1 header: message types are {@link V01MsgType}, `schemaKey` is always `undefined`. spec/xcp.md §5.2 */
export interface V01Header extends FrameHeader {
  /** fnv1a64 of the schema; 0 = none. */
  readonly schemaId: MsgId;
}
/** Encodes; a header without `schemaId` gets 0. */
export function encodeV01Header(header: FrameHeader | V01Header): Uint8Array {
  void header;
  throw new Error("to be filled");
}
export function decodeV01Header(bytes: Uint8Array): V01Header {
  void bytes;
  throw new Error("to be filled");
}
