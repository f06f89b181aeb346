import { CodecId, type CodecPolicy } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import { isJsonInProtobuf } from "../json/json-codec.js";

/**
 * Checks a DATA body on receipt, JSON text inside bodyCodec 8 included.
 *
 * @throws EtherError `ether.codec_policy` for JSON under `BinaryRequired`.
 * @see spec/xcp.md §15.3
 */
export function checkCodecPolicy(bodyCodec: number, body: Uint8Array, policy: CodecPolicy): void {
  if (policy !== "BinaryRequired") return;
  const json =
    bodyCodec === CodecId.JSON || (bodyCodec === CodecId.PROTOBUF && isJsonInProtobuf(body));
  if (json)
    throw new EtherError("ether.codec_policy", "JSON body under CODEC_POLICY BinaryRequired");
}
