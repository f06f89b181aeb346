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
