/** Which table a message holds: Arrow's MessageHeader union. */
export const MessageKind = {
  schema: 1,
  dictionaryBatch: 2,
  recordBatch: 3,
} as const;

/** Arrow's MetadataVersion V4: unions still have a validity buffer. */
export const METADATA_V4 = 3;

/** Arrow's MetadataVersion V5, which we write. */
export const METADATA_V5 = 4;

/** Marks a message of the framing since Arrow 0.15. spec/xcp.md §14.7 */
export const CONTINUATION = 0xffffffff;

/** Continuation and metadata length before every message. */
export const ENCAPSULATION_BYTES = 8;

/** Fills the 8 bytes that a message was written behind; its length is a multiple of 8. */
export function writeEncapsulation(message: Uint8Array): void {
  const view = new DataView(message.buffer, message.byteOffset, ENCAPSULATION_BYTES);
  view.setUint32(0, CONTINUATION, true);
  view.setInt32(4, message.length - ENCAPSULATION_BYTES, true);
}
