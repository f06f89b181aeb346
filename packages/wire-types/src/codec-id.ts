/** Registered body codecs. spec/xcp.md §2 */
export const CodecId = {
  /** §14.1 */
  JSON: 0x0001,
  /** §14.3 */
  TENSOR_F32: 0x0002,
  /** §14.3 */
  TENSOR_F16: 0x0003,
  /** §14.4 */
  TENSOR_QNT8: 0x0004,
  /** §14.2 */
  PROTOBUF: 0x0008,
  /** §14.9 */
  MIXED_LATENT: 0x0010,
  /** §14.7 */
  ARROW_IPC: 0x0020,
  /** §14.8 */
  DLPACK: 0x0021,
} as const;

/** The name of a registered codec: the keys of {@link CodecId}. */
export type CodecName = keyof typeof CodecId;

/** First id for private use. spec/xcp.md §2 */
export const PRIVATE_CODEC_MIN = 0x8000;
