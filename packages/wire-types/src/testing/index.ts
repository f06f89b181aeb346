export { type Case, check } from "./case.js";
export { until } from "./waiting.js";
export type { MakePair, Pair } from "./pair.js";
export { byteStreamCases } from "./byte-stream-cases.js";
export { type Listening, listenerCases } from "./listener-cases.js";
export { messagePipeCases } from "./message-pipe-cases.js";
export { datagramSocketCases } from "./datagram-socket-cases.js";
export { sharedRegionCases } from "./shared-region-cases.js";
