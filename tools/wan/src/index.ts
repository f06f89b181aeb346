export { CLEAR_PATH, type PathShape } from "./path-shape.js";
export type { PathCounts } from "./forwarder.js";
export { openWan, type Wan, type WanSite } from "./wan.js";
export type { FlowTrouble } from "./delayed-flow.js";
export {
  startTcpProxy,
  type ProxiedConnection,
  type TcpProxy,
  type TcpProxyOptions,
} from "./tcp-proxy.js";
