export { RpcTarget } from "./rpc-target.js";
export { deserialize, serialize } from "./serialize.js";
export { DEFAULT_LIMITS, DEFAULT_MAX_DEPTH, type RpcLimits } from "./limits.js";
export type { EncodingLevel } from "./wire/encoding-level.js";
