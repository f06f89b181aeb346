import { CodecId } from "@proj/wire-types";
import { checkBodySize, onlyEther } from "../assemble-ether.js";
import type { EtherCodec } from "../codec.js";
import { isJsonInProtobuf, jsonCodec } from "../json/json-codec.js";
import { resolveEtherLimits } from "../limits.js";
import { claimedKey } from "../schema/claim.js";
import { decodeEtherProto, encodeEtherProto } from "./ether-proto.js";

/**
 * EtherProto messages; JSON text under this id, as the reference sends it, is decoded too. spec/xcp.md §14.2, §5.1
 */
export const protobufCodec: EtherCodec = {
  id: CodecId.PROTOBUF,
  name: "PROTOBUF",
  mediaType: "application/x-protobuf",
  batches: false,
  encode(ethers, context) {
    const ether = onlyEther(ethers, "PROTOBUF");
    const body = encodeEtherProto(ether, context);
    return { bodyCodec: CodecId.PROTOBUF, body, tags: [], ...claimedKey(ether, context) };
  },
  decode(body, context) {
    if (isJsonInProtobuf(body)) return jsonCodec.decode(body, context);
    checkBodySize(body, context.limits ?? resolveEtherLimits());
    return [decodeEtherProto(body, context)];
  },
};
