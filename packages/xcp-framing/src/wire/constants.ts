/** First four bytes of a frame, as a number; `10 7A A1 A9` on the wire of v0.2. spec/xcp.md §2 */
export const MAGIC = 0xa9a17a10;
/** The same four wire bytes read as a big-endian number: what a v0.2 frame is to a v0.1 reader, and back. §5 */
export const MAGIC_SWAPPED = 0x107aa1a9;
/** VER of this protocol: major 0, minor 2. §2 */
export const VERSION = 0x02;
/** VER of the v0.1 profile. §5.2 */
export const VERSION_V01 = 0x01;
/** Default TCP port. §2 */
export const DEFAULT_PORT = 9944;

/** MAGIC, VER, FLAGS and HLEN. §3 */
export const PREFIX_BYTES = 8;
/** The CRC-32C behind the payload; absent in v0.1. §3 */
export const CRC_BYTES = 4;
/** Poly1305 tag at the end of an encrypted payload. §11.2 */
export const TAG_BYTES = 16;
/** Smallest HLEN of the v0.2 profile. §3 */
export const MIN_HEADER_BYTES = 16;
/** Largest HLEN of the v0.2 profile: the largest multiple of 8 that a u16 holds. §3 */
export const MAX_HEADER_BYTES = 65528;
/** Largest PLEN before the handshake ends. §3 */
export const HANDSHAKE_MAX_FRAME_BYTES = 65_536;
/** Payload sizes from which LARGE is needed. §3 */
export const LARGE_FROM_BYTES = 0x1_0000_0000;

/** Most tags in a header. §4 */
export const MAX_TAGS = 64;
/** Most bytes of a tag's key. §4 */
export const MAX_TAG_KEY_BYTES = 128;
/** Most bytes of a tag's value. §4 */
export const MAX_TAG_VALUE_BYTES = 4096;
/** Bytes of a schema key's hash, where there is one. §4 */
export const HASH128_BYTES = 16;

/** Bits of FLAGS. §2 */
export const Flag = {
  /** The message is one zstd frame. §11.1 */
  COMP: 0x80,
  /** The payload is sealed. §12 */
  CRYPT: 0x40,
  /** Another chunk of this message follows. §11.3 */
  MORE: 0x20,
  /** PLEN has 8 bytes. §3 */
  LARGE: 0x10,
  /** Please ACK; needs {@link Feature}.ACKREQ. §10 */
  ACKREQ: 0x08,
  /** Epoch modulo 2; needs {@link Feature}.AEAD. §12 */
  KPHASE: 0x04,
} as const;

/** Message types; DATA and above carry bodies of the application. §7 */
export const MsgType = {
  HELLO: 0x0000,
  CAPS: 0x0001,
  ACK: 0x0002,
  NACK: 0x0003,
  PING: 0x0004,
  PONG: 0x0005,
  CLARIFY_REQ: 0x0006,
  CLARIFY_RES: 0x0007,
  CONFIRM_REQ: 0x0008,
  CONFIRM_RES: 0x0009,
  NEGOTIATE: 0x000a,
  UNSUPPORTED: 0x000b,
  ERROR: 0x000c,
  GOAWAY: 0x000d,
  RELEASE: 0x000e,
  /** An Ether. */
  DATA: 0x0100,
  /** First type of application protocols. §17 */
  APP_MIN: 0x0200,
} as const;

/** Message types of the v0.1 profile. §5.2 */
export const V01MsgType = {
  HELLO: 1,
  CAPS_ACK: 2,
  PING: 3,
  PONG: 4,
  NEGOTIATE: 5,
  UNSUPPORTED: 6,
  ACK: 7,
  NACK: 8,
  DATA: 0x20,
  CLARIFY_REQ: 0x30,
  CLARIFY_RES: 0x31,
  CONFIRM_REQ: 0x32,
  CONFIRM_RES: 0x33,
} as const;

/** Values of the bits of Hello's `features`. §6 */
export const Feature = {
  /** Bit 0: the ACKREQ flag. */
  ACKREQ: 1,
  /** Bit 1: the encryption of §12, with KPHASE. */
  AEAD: 2,
  /** Bit 2: the tensor extension of §14.5. */
  TENSOR_EXTENSION: 4,
  /** Bit 3: the DLPACK descriptor of §14.8. */
  DLPACK: 8,
  /** Bit 4: the same-host proof of §16.2. */
  SHM_PROOF: 16,
  /** Bit 5: clarification and confirmation, §8. */
  CLARIFICATION: 32,
  /** Bit 6: GOAWAY and ERROR are understood. */
  GOAWAY: 64,
  /** Bit 7: this peer cannot decompress; the only bit that is ORed. */
  NO_ZSTD: 128,
} as const;

/** How frames look on the wire: fixed for a connection. §5 */
export type Profile = "v0.2" | "v0.2-json" | "v0.1";

/** Tags with a meaning of their own. §4 */
export const ReservedTag = {
  TRACE_ID: "trace_id",
  TRACEPARENT: "traceparent",
  MEDIA_TYPE: "media_type",
  ACK: "xcp.ack",
  LENGTH: "xcp.len",
  ABORT: "xcp.abort",
  PRIORITY: "xcp.prio",
  KIND: "xcp.kind",
} as const;

/** Prefix of tags that carry the metadata of a tensor body. §14.6 */
export const METADATA_TAG_PREFIX = "m.";
