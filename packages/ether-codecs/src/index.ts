export { type EtherCode, type EtherCodeInfo, EtherCodes, EtherError } from "./errors.js";
export { type EtherLimits, EtherLimitTable, resolveEtherLimits } from "./limits.js";

export { type Ether, type EtherInit, NO_VALUES } from "./ether.js";
export {
  createEther,
  embeddingEther,
  type EtherExtras,
  imageEther,
  type ImagePixels,
  tensorEther,
  textEther,
  tokensEther,
} from "./create-ether.js";
export { inMemoryForm } from "./in-memory-form.js";
export { attachmentSchema, etherInitSchema } from "./ether-init.js";
export { type Attachment, AttachmentRef } from "./attachment.js";
export {
  type ClassifiedValue,
  classifyValue,
  isVector,
  type Value,
  type ValueMap,
  type VectorValue,
} from "./value.js";
export { equalValues } from "./equal-values.js";
export { type Elements, elementsOf } from "./elements.js";

export type { CodecContext, EncodedBody, EtherCodec, Tag } from "./codec.js";
export { CodecRegistry } from "./codec-registry.js";
export { standardCodecs } from "./standard-codecs.js";
export {
  decodeBody,
  type DecodeBodyOptions,
  encodeBody,
  encodeBodies,
  type EncodeBodiesOptions,
} from "./body.js";
export { prepareEthers, type PrepareOptions, validateEther } from "./prepare-ethers.js";
export { isJsonInProtobuf, jsonCodec } from "./json/json-codec.js";
export { protobufCodec } from "./protobuf/protobuf-codec.js";
export { decodeEtherProto, encodeEtherProto } from "./protobuf/ether-proto.js";
export { encodeValue, type EncodeValueOptions } from "./protobuf/encode-value.js";
export { decodeValue } from "./protobuf/decode-value.js";

export { tensorF16Codec, tensorF32Codec, tensorQnt8Codec } from "./tensor/tensor-codec.js";
export { mixedLatentCodec } from "./tensor/mixed-latent-codec.js";
export { decodeTensor, encodeTensor } from "./tensor/tensor-body.js";
export { type Quantization, quantize } from "./tensor/quantize.js";
export {
  type TensorAttachment,
  tensorAttachment,
  tensorOfAttachment,
} from "./tensor-attachment.js";
export { QuantizedTensor } from "./tensor/quantized-tensor.js";
export {
  TENSOR_HEADER_BYTES,
  TensorDType,
  type TensorHeader,
  type TensorHeaderOptions,
} from "./tensor/tensor-header.js";

export { type RegisteredSchema, type SchemaInit } from "./schema/registered-schema.js";
export { STANDARD_NAMESPACE } from "./schema/schema-families.js";
export { isZeroKey, SchemaRegistry, type SchemaRegistryOptions } from "./schema/schema-registry.js";
export { standardSchemas } from "./schema/standard-schemas.js";
export { checkClaim } from "./schema/claim.js";
export { formatSchemaName, parseSchemaName, type SchemaName } from "./schema/schema-name.js";
export { canonicalJson, type Json } from "./schema/canonical-json.js";
export { ProblemList } from "./schema/problem-list.js";
export type { JsonSchemaObject } from "./schema/json-schema.js";
export { type Sha256, sha256Portable } from "./schema/sha256.js";
export {
  type AdapterIndexEntry,
  bindAdapters,
  parseSchemaIndex,
  registerIndex,
  type SchemaIndex,
  type SchemaIndexEntry,
} from "./schema/schema-index.js";

export type { Adapter, AdapterNode } from "./adapters/adapter.js";
export {
  AdapterGraph,
  type AdapterPlan,
  type PlanOptions,
  type PlanStart,
} from "./adapters/adapter-graph.js";
export { runPlan, type RunPlanOptions } from "./adapters/run-plan.js";
export { agreeSchema } from "./adapters/agree-schema.js";

export { type ChoiceOptions, codecCandidates, preferredCodec } from "./routing/choose-codec.js";
export { estimateSize, type EtherSize } from "./routing/ether-size.js";
export { checkCodecPolicy } from "./routing/codec-policy.js";

export {
  allowOnly,
  defaultTrimHooks,
  dropDebug,
  dropEmpty,
  dropShared,
  reservedMetadataKeys,
  shortenLineage,
  type TrimContext,
  type TrimHook,
  trimMetadata,
} from "./metadata/trim.js";

export { ArrowCodec, arrowCodec, type ArrowCodecOptions } from "./arrow/arrow-codec.js";
export type { ArrowLayout } from "./arrow/batch-metadata.js";

export {
  DlpackCodec,
  dlpackCodec,
  type DlpackCodecOptions,
  encodeDlpackEther,
  type HandleFactory,
} from "./dlpack/dlpack-codec.js";
export {
  decodeDlpack,
  DEVICE_CPU,
  type DlpackDescriptor,
  type DlpackHandle,
  encodeDlpack,
} from "./dlpack/descriptor.js";
export { type DescribeOptions, describeTensor, tensorOverStorage } from "./dlpack/dlpack-tensor.js";
export { InProcessTensors } from "./dlpack/in-process-tensors.js";

export {
  attachmentPlacement,
  type AttachmentPolicyOptions,
  SHM_MIN_BYTES,
} from "./attachments/attachment-policy.js";
export {
  type AttachmentOutbox,
  isShmUnavailable,
  type LeaseEnd,
  type PlacedEther,
  sendPlaced,
} from "./attachments/attachment-outbox.js";
export { arrowOfStub, arrowStub } from "./attachments/arrow-attachment.js";
