import type { EchoPeer } from "./peer.js";

const key = Uint8Array.from({ length: 32 }, (_, i) => i);

/**
 * Loads a peer by the name that the tables use. The libraries of the others stay out of the process: what they allocate
 * would be marked in each of its collections.
 */
export const peers: Readonly<Record<string, () => Promise<EchoPeer>>> = {
  xcp: async () => (await import("./xcp.js")).xcp(),
  "xcp, encrypted": async () => (await import("./xcp.js")).xcp({ key, cryptPolicy: "required" }),
  "raw net": async () => (await import("./raw-net.js")).rawNet,
  "length prefix": async () => (await import("./length-prefix.js")).lengthPrefix,
  "protobufjs/TCP": async () => (await import("./protobuf.js")).protobufOverTcp,
  ws: async () => (await import("./websocket.js")).websocket,
  "HTTP/2": async () => (await import("./http2.js")).http2(4 * 1024 * 1024),
  // Of 16 calls of 1 MiB in wider windows Node 20 leaves some lying for ever.
  "HTTP/2, 256 KiB windows": async () => (await import("./http2.js")).http2(256 * 1024),
  gRPC: async () => (await import("./grpc.js")).grpc,
  "XCP/TCP": async () => (await import("./xcp-over.js")).xcpOver("xcp"),
  "XCP/Unix": async () => (await import("./xcp-over.js")).xcpOverUnix,
  "XCP/TLS": async () => (await import("./xcp-over.js")).xcpOver("xcps"),
  "XCP/WebSocket": async () => (await import("./xcp-over.js")).xcpOver("ws"),
  "XCP/HTTP/2": async () => (await import("./xcp-over.js")).xcpOver("h2c"),
};
