export { RpcTarget } from "./rpc-target.js";
export { deserialize, serialize } from "./serialize.js";
export { DEFAULT_LIMITS, DEFAULT_MAX_DEPTH, type RpcLimits } from "./limits.js";
export type { EncodingLevel } from "./wire/encoding-level.js";
export { RpcPromise, RpcStub } from "./rpc-stub.js";
export type { RpcArgument, RpcCompatible, RpcResult } from "./types.js";
export { RpcSession, type RpcSessionOptions, type RpcSessionStats } from "./session/rpc-session.js";
export type { OnSendError } from "./session/error-policy.js";
export type {
  AnyRpcTransport,
  RpcTransport,
  RpcTransportWithCustomEncoding,
} from "./session/transport.js";
