export { type XcpCode, type XcpCodeInfo, XcpCodes, xcpCodeOf, XcpError } from "./errors.js";

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
  CodecPolicy,
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
export { type CloseOptions, Connection, openConnection } from "./connection.js";
export { parseCodecPolicy } from "./codec-policy.js";
export { agreeMinor, coversKind } from "./kind-agreement.js";
export {
  newSessionMemory,
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
