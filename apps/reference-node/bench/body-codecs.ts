import { CodecId, PRIVATE_CODEC_MIN } from "@proj/wire-types";

/** The codec of bodies that nobody decodes. */
export const RAW: number = PRIVATE_CODEC_MIN;

/** What both ends list. */
export const BODY_CODECS: readonly number[] = [
  CodecId.ARROW_IPC,
  CodecId.PROTOBUF,
  CodecId.TENSOR_F32,
  CodecId.JSON,
  RAW,
];
