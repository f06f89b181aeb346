import { arrowCodec } from "./arrow/arrow-codec.js";
import { CodecRegistry } from "./codec-registry.js";
import { jsonCodec } from "./json/json-codec.js";
import { protobufCodec } from "./protobuf/protobuf-codec.js";
import { mixedLatentCodec } from "./tensor/mixed-latent-codec.js";
import { tensorF16Codec, tensorF32Codec, tensorQnt8Codec } from "./tensor/tensor-codec.js";

/**
 * Makes a registry of the codecs that need nothing of their machine, the most compact first: the order in which HELLO
 * lists them.
 *
 * @see spec/xcp.md §2
 */
export function standardCodecs(): CodecRegistry {
  return new CodecRegistry([
    arrowCodec,
    protobufCodec,
    jsonCodec,
    tensorF32Codec,
    tensorF16Codec,
    tensorQnt8Codec(),
    mixedLatentCodec,
  ]);
}
