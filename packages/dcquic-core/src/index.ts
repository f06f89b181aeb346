export { type DcquicCode, DcquicCodes, dcquicCodeOf, DcquicError } from "./errors.js";

export type { AeadJob, CryptoBackend, PacketAead } from "./crypto/backend.js";
export { nullCrypto } from "./crypto/null-backend.js";
export type { AeadName, Direction } from "./crypto/key-schedule.js";

export {
  ALPN,
  type EstablishedPath,
  EXPORTER_LABEL,
  Handshake,
  type HandshakeOptions,
  type Role,
} from "./path/handshake.js";
export {
  type CredentialAnswer,
  decodeHello,
  encodeHello,
  type Hello,
  type WorkerEndpoint,
} from "./path/hello.js";
export { type PathEntry, PathSecretMap } from "./path/secret-map.js";

export { Engine, type EngineOptions, type EngineStats } from "./engine/engine.js";
export type {
  After,
  AnnounceOptions,
  AnnounceResult,
  TokenOutcome,
} from "./engine/announce-options.js";
export { DatagramBatch } from "./engine/batch.js";
export { DEFAULT_CONFIG, type EngineConfig, resolveConfig } from "./engine/config.js";
export type { EngineEvent, PathId, SecurityNote } from "./engine/events.js";
export type { CloseOptions } from "./engine/stream-closer.js";
export { Status } from "./engine/status.js";
export { CloseScope, Pattern, Protection, Shape } from "./wire/constants.js";
export { formatId, type Id64, id64, sameId } from "./wire/id64.js";
export { DependencyKind } from "./causality/causality-map.js";
export {
  BufferRegistry,
  type BufferState,
  type RegisteredBuffer,
  type Sealing,
} from "./buffer/buffer-registry.js";
export type { PeerState } from "./health/peer-health.js";
