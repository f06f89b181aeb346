export { SbeCodes, type SbeCode, SbeError } from "./errors.js";

export { headerField, MessageDecoder, type MessageLayout } from "./message-decoder.js";
export { GroupDecoder } from "./group-decoder.js";
export { BlockDecoder, CompositeDecoder } from "./block-decoder.js";
export { type Cursor, TailDecoder } from "./tail-decoder.js";
export { MessageEncoder } from "./message-encoder.js";
export { GroupEncoder, type GroupLayout } from "./group-encoder.js";
export { BlockEncoder, CompositeEncoder, type EncoderCursor, TailEncoder } from "./tail-encoder.js";
export type {
  DataLayout,
  DimensionLayout,
  HeaderLayout,
  TextEncoding,
  UnsignedPart,
} from "./layout.js";
export { readFixedText, writeFixedText } from "./fixed-text.js";
export {
  checkIndex,
  clearBytes,
  copyPresentValues,
  copyValues,
  eachValue,
  encodeMessage,
  mapPresent,
  NO_BYTES,
  optionalEnum,
  requiredEnum,
  viewOf,
} from "./generated-support.js";
