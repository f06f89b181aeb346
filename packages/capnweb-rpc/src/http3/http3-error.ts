/** Error codes of HTTP/3 and QPACK. RFC 9114 §8.1, RFC 9204 §6 */
export const Http3Codes = {
  NO_ERROR: 0x100,
  GENERAL_PROTOCOL_ERROR: 0x101,
  STREAM_CREATION_ERROR: 0x103,
  CLOSED_CRITICAL_STREAM: 0x104,
  FRAME_UNEXPECTED: 0x105,
  FRAME_ERROR: 0x106,
  EXCESSIVE_LOAD: 0x107,
  MISSING_SETTINGS: 0x10a,
  REQUEST_REJECTED: 0x10b,
  MESSAGE_ERROR: 0x10e,
  QPACK_DECOMPRESSION_FAILED: 0x200,
} as const;

/** Name of an error code. */
export type Http3Code = keyof typeof Http3Codes;

/** The peer broke HTTP/3; its connection ends with the code. */
export class Http3Error extends Error {
  readonly code: Http3Code;

  /** `message` says what the peer did. */
  constructor(code: Http3Code, message: string) {
    super(message);
    this.name = "Http3Error";
    this.code = code;
  }
}
