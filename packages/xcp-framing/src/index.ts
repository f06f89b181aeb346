export { type XcpCode, type XcpCodeInfo, XcpCodes, xcpCodeOf, XcpError } from "./errors.js";

export {
  DEFAULT_PORT,
  Feature,
  Flag,
  MAGIC,
  METADATA_TAG_PREFIX,
  MsgType,
  type Profile,
  ReservedTag,
  V01MsgType,
  VERSION,
} from "./wire/constants.js";
export {
  type FrameHeader,
  type MsgId,
  NO_TAGS,
  type Tag,
  tagValue,
  toMsgId,
} from "./wire/header.js";
export { decodeCapnpHeader, encodeCapnpHeader } from "./wire/header-capnp.js";
export { decodeJsonHeader, encodeJsonHeader } from "./wire/header-json.js";
export { decodeV01Header, encodeV01Header, type V01Header } from "./wire/header-v01.js";
export {
  aadOf,
  type CrcOrder,
  encodeFrame,
  encodeFrameHead,
  type Frame,
  frameSize,
  writeFrame,
} from "./wire/frame.js";
export type { FrameEvent, ReceivedFrame, RejectedFrame } from "./wire/frame-event.js";
export {
  FrameReader,
  type FrameReaderLimits,
  type FrameReaderOptions,
} from "./wire/frame-reader.js";

export { decodeHello, encodeHello, type Hello, type ShmProbe } from "./wire/hello.js";
export type { ControlCodec } from "./wire/control-body.js";
export {
  type Ack,
  decodeAck,
  decodeErrorBody,
  decodeGoaway,
  decodeNack,
  decodePing,
  decodeRelease,
  decodeUnsupported,
  encodeAck,
  encodeErrorBody,
  encodeGoaway,
  encodeNack,
  encodePing,
  encodeRelease,
  encodeUnsupported,
  type ErrorBody,
  type Goaway,
  type Nack,
  type Ping,
  type Release,
  type Unsupported,
} from "./wire/control.js";
export {
  type ClarifyField,
  ClarifyReason,
  type ClarifyReq,
  type ClarifyRes,
  type ConfirmReq,
  type ConfirmRes,
  Decision,
  decodeClarifyReq,
  decodeClarifyRes,
  decodeConfirmReq,
  decodeConfirmRes,
  encodeClarifyReq,
  encodeClarifyRes,
  encodeConfirmReq,
  encodeConfirmRes,
} from "./wire/clarification.js";

export { resolveXcpLimits, type XcpLimits, XcpLimitTable } from "./limits.js";
export { type BackoffOptions, backoffMs } from "./backoff.js";
export { DedupWindow, type DedupVerdict, type DedupWindowOptions } from "./dedup-window.js";
export { ChunkAssembler, type ChunkAssemblerOptions } from "./chunk-assembler.js";
export type { ChunkEvent } from "./chunk-event.js";
export type { ChunkFrame } from "./chunk-train.js";
export { compressBody, type CompressOptions, decompressBody } from "./compression.js";
export { inspectZstdFrame, type ZstdFrameInfo } from "./wire/zstd-frame.js";
export {
  deriveKeys,
  deriveNonce,
  deriveSalt,
  type Direction,
  type EpochKeys,
  EXPORTER_LABEL,
  type SaltInputs,
} from "./key-schedule.js";
export { type KeySource, ROTATION_LIMITS, type RotationLimits } from "./epoch.js";
export { type FrameCipherOptions, FrameOpener, FrameSealer } from "./frame-cipher.js";

export type { Aead, CryptoProvider, Platform, ZstdProvider } from "./platform.js";

export type {
  IncomingMessage,
  OutgoingMessage,
  RequestOptions,
  StreamHandler,
  StreamSink,
} from "./message.js";
export type {
  ClarifyHandler,
  CompressionOptions,
  ConfirmHandler,
  ConnectionOptions,
  Credential,
  CryptPolicy,
  FeatureOptions,
  ProfileChoice,
  Role,
  SharedMemoryProbe,
  SharedMemoryProof,
} from "./connection-options.js";
export type { MessageContext, MessageHandler } from "./delivery.js";
export type { Negotiated } from "./negotiated.js";
export type { NegotiableTerms } from "./renegotiation.js";
export type { ConnectionStats, DirectionStats } from "./stats.js";
export { type CloseOptions, Connection } from "./connection.js";
export { openConnection } from "./open-connection.js";
export { agreeMinor, coversKind } from "./kind-agreement.js";
export type { IdempotencyEntry, IdempotencyLimits, IdempotencyStore } from "./idempotency-store.js";
export type { Outcome, OutcomeStore } from "./outcome-store.js";
export type { Allocate } from "./wire/payload-buffer.js";
export {
  newSessionMemory,
  type OutcomeWaiter,
  SessionMemory,
  SessionStore,
  type SessionStoreLimits,
} from "./session-memory.js";
export { V01_RAW_BYTES } from "./v01-translation.js";
export type {
  ClientOptions,
  ClientState,
  ReconnectOptions,
  RotationOptions,
} from "./client-options.js";
export { XcpClient } from "./client.js";
export { type ServerOptions, XcpServer } from "./server.js";
