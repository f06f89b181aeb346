/** Why things fail, and what to look at, by code. Codes without an entry explain themselves. */
const explanations: Readonly<Record<string, string>> = {
  "xcp.bad_magic":
    "A frame begins with 10 7A A1 A9. Either this is no XCP, or an earlier length was wrong and the stream lost its place: there is no resynchronisation.",
  "xcp.version_unsupported":
    "VER holds the major version in its high nibble. Majors above 0 and minor 0 are refused; minor 1 is the v0.1 profile.",
  "xcp.flags_reserved":
    "A bit is set that is reserved, or whose feature was not negotiated. HELLO and CAPS carry no flags; KPHASE needs CRYPT.",
  "xcp.header_malformed":
    "HEADER is one unpacked Cap'n Proto message, 16..65528 bytes and a multiple of 8, with every pointer inside its segment. The CRC does not cover it.",
  "xcp.length_overflow": "PLEN with LARGE is limited to 2^53-1.",
  "xcp.message_too_large":
    "PLEN is above what the reader accepts. Larger messages are sent in chunks (MORE).",
  "xcp.crc_mismatch":
    "The payload is not what was sent, or the four bytes after it are in the wrong order: v0.2 writes them little-endian, v0.2-json big-endian. The frame boundary is still trusted.",
  "xcp.frame_truncated": "The input ends inside a frame: the sender died, or the capture was cut.",
  "xcp.compression":
    "With COMP the message is exactly one zstd frame without dictionary and nothing after it.",
  "xcp.chunk_state":
    "All chunks of a message share channel, id, type and codec; every chunk but the last sets MORE and none is empty.",
  "xcp.hello_invalid": "The body of HELLO or CAPS breaks its schema.",
  "xcp.body_malformed": "The body of a control message breaks its schema.",
  "ether.body_malformed": "The body is not what its bodyCodec says.",
  "ether.tensor_header":
    "A tensor body begins with 32 bytes: ndim 1..6, dtype of the codec, flags, 0, six u32 of shape, f32 scale.",
  "ether.tensor_size":
    "A tensor body is exactly 32 bytes of header and the data that shape and dtype promise.",
  "ether.ether_invalid":
    "An Ether has kind, schema_version, payload and metadata, and its attachments have unique ids.",
  "ether.kind_mismatch":
    "The header's schemaKey names another kind or major version than the body.",
  "ether.codec_unsupported": "No codec is registered under this bodyCodec.",
};

/** A sentence for people about an error code; `undefined` when its message says enough. */
export function explainCode(code: string): string | undefined {
  return explanations[code];
}
