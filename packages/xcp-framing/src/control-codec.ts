import { CodecId } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import type { FrameHeader } from "./wire/header.js";
import type { ControlCodec } from "./wire/hello.js";

/** The codec of a control body. @throws XcpError `xcp.codec_unsupported` */
export function controlCodecOf(header: FrameHeader): ControlCodec {
  const codec = header.bodyCodec;
  if (codec === CodecId.JSON || codec === CodecId.PROTOBUF) return codec;
  throw new XcpError("xcp.codec_unsupported", `control body in codec ${codec}`);
}
